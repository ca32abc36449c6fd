// SPDX-License-Identifier: Apache-2.0
//
// QualityMeter: checks the pictures, finds the convention, enlarges maps.
#include <algorithm>
#include <cmath>

#include "base/status.h"
#include "image/rows.h"
#include "quality/metric.h"

namespace safelight {
namespace {

std::string Describe(const ConstImageView& view) {
  return Cat(view.width, "x", view.height, " of ", PixelTypeName(view.type));
}

template <typename T, typename Test>
bool AnySample(const ConstImageView& view, int first_channel, int step, const Test& test) {
  for (int64_t y = 0; y < view.height; ++y) {
    const auto* row = reinterpret_cast<const T*>(view.row(y));
    for (int64_t i = first_channel; i < view.width * view.channels; i += step) {
      if (test(row[i])) return true;
    }
  }
  return false;
}

bool HasTransparency(const ConstImageView& view) {
  const int alpha = view.channels - 1;
  switch (view.type) {
    case PixelType::kU8: return AnySample<uint8_t>(view, alpha, view.channels, [](uint8_t v) { return v != 255; });
    case PixelType::kU16: return AnySample<uint16_t>(view, alpha, view.channels, [](uint16_t v) { return v != 65535; });
    default: return AnySample<float>(view, alpha, view.channels, [](float v) { return v != 1.0f; });
  }
}

Status CheckPicture(const ConstImageView& view, const char* which) {
  SL_TRY(CheckView(view).With(which));
  if (view.has_alpha() && HasTransparency(view)) {
    return InvalidArgument(which, " has transparent pixels, and metrics cannot know what is behind them: flatten it");
  }
  if (view.type == PixelType::kF32 && AnySample<float>(view, 0, 1, [](float v) { return !std::isfinite(v); })) {
    return InvalidArgument(which, " has values that are not numbers or infinite");
  }
  return {};
}

Status CheckAlike(const ConstImageView& reference, const ConstImageView& test) {
  if (reference.width != test.width || reference.height != test.height || reference.type != test.type) {
    return InvalidArgument("the reference is ", Describe(reference), ", the test picture ", Describe(test),
                           "; nothing is resized or converted silently");
  }
  if (reference.color_channels() != test.color_channels()) {
    return InvalidArgument("the reference has ", reference.color_channels(), " colour channels, the test picture ",
                           test.color_channels());
  }
  return {};
}

// The map at the size of the picture: of smaller maps each sample is repeated, or the outermost ones reach the border.
void Enlarge(DamageMap* map, int64_t width, int64_t height) {
  if (map->values.empty() || (map->width == width && map->height == height)) return;
  const auto ratio = [](int64_t large, int64_t small) { return std::max<int64_t>(1, (large + small / 2) / small); };
  const int64_t step = std::min(ratio(width, map->width), ratio(height, map->height));
  const int64_t left = (width - step * map->width) / 2, top = (height - step * map->height) / 2;
  const auto at = [step](int64_t i, int64_t before, int64_t size) {
    return std::clamp<int64_t>((i - before) / step, 0, size - 1);
  };
  std::vector<float> values(static_cast<size_t>(width * height));
  for (int64_t y = 0; y < height; ++y) {
    const float* row = map->values.data() + at(y, top, map->height) * map->width;
    for (int64_t x = 0; x < width; ++x) values[static_cast<size_t>(y * width + x)] = row[at(x, left, map->width)];
  }
  *map = DamageMap{width, height, std::move(values)};
}

const Convention& Choose(const MetricInfo& info, Profile profile) {
  for (const Convention& convention : info.conventions) {
    if (convention.profile == profile) return convention;
  }
  return info.conventions.front();
}

}  // namespace

struct QualityMeter::State {
  explicit State(const QualityOptions& asked) : options(asked), pool(asked.threads) {}

  Result<Score> Measure(const Metric& metric, const ConstImageView* reference, const ConstImageView& test,
                        DamageMap* map) {
    const int64_t crop = options.crop;
    const int64_t width = test.width - 2 * crop, height = test.height - 2 * crop;
    if (crop < 0 || std::min(width, height) < 1) {
      return InvalidArgument("a crop of ", crop, " pixels on each side of ", Describe(test));
    }
    if (std::min(width, height) < metric.info.least_side) {
      return InvalidArgument(metric.info.name, " of a picture of ", width, "x", height, " pixels: it needs at least ",
                             metric.info.least_side, " on each side");
    }
    MetricCase pictures;
    ConstImageView cropped;
    if (reference != nullptr) {
      cropped = reference->Crop(crop, crop, width, height);
      pictures.reference = &cropped;
    }
    pictures.test = test.Crop(crop, crop, width, height);
    const Convention& convention = Choose(metric.info, options.profile);
    pictures.profile = convention.profile;
    pictures.options = &options;
    pictures.pool = &pool;
    if (map != nullptr) *map = {};
    Result<double> value = metric.measure(pictures, metric.info.has_map ? map : nullptr);
    if (!value.ok()) return value.status().With(metric.info.name);
    if (map != nullptr) Enlarge(map, width, height);
    return Score{metric.info.name, *value, convention};
  }

  QualityOptions options;
  ThreadPool pool;
};

QualityMeter::QualityMeter(const QualityOptions& options) : state_(std::make_unique<State>(options)) {}
QualityMeter::~QualityMeter() = default;
QualityMeter::QualityMeter(QualityMeter&&) noexcept = default;

Result<Score> QualityMeter::Compare(const std::string& name, const ConstImageView& reference,
                                    const ConstImageView& test, DamageMap* map) {
  SL_ASSIGN(const Metric* metric, FindMetric(name));
  if (!metric->info.needs_reference) return InvalidArgument(name, " takes no reference");
  SL_TRY(CheckPicture(reference, "the reference"));
  SL_TRY(CheckPicture(test, "the test picture"));
  SL_TRY(CheckAlike(reference, test));
  return state_->Measure(*metric, &reference, test, map);
}

Result<Score> QualityMeter::Rate(const std::string& name, const ConstImageView& picture) {
  SL_ASSIGN(const Metric* metric, FindMetric(name));
  if (metric->info.needs_reference) return InvalidArgument(name, " needs a reference");
  SL_TRY(CheckPicture(picture, "the picture"));
  return state_->Measure(*metric, nullptr, picture, nullptr);
}

}  // namespace safelight
