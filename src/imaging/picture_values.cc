// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cfloat>
#include <cmath>
#include <limits>
#include <map>

#include "imaging/picture_session.h"
#include "imaging/recipe.h"
#include "quantize/value_taps.h"
#include "safelight/values.h"

namespace safelight {
namespace {

// One network, its values and how pictures go into it.
struct Tapped {
  Tapped(const Model& m, PictureOptions o) : model(m), options(std::move(o)) {}
  const Model& model;
  PictureOptions options;
  Recipe recipe;
  std::vector<TappedValue> values;
};

Status Prepare(Tapped* network) {
  if (network->options.session.pool == nullptr) {
    network->options.session.pool = MakeThreadPool(network->options.session.threads);
  }
  Result<Recipe> recipe = FindRecipe(network->model, network->options);
  if (!recipe.ok()) return recipe.status().With(network->model.path());
  network->recipe = std::move(recipe).value();
  network->values = ListValues(network->model.impl()->own_size);
  return {};
}

// `after_run`: of each tile.
Status Run(const Tapped& network, const Image& picture, ValueTaps* taps, const std::function<Status()>& after_run,
           int64_t* tiles) {
  PictureSession session(network.model, network.options, network.recipe);
  session.Observe(taps->Taps(), after_run);
  PictureReport report;
  SL_TRY(session.Prepare(FormOf(picture.view()), &report));
  const std::vector<ConstImageView> frames(static_cast<size_t>(network.recipe.input.frames), picture.view());
  SL_TRY(session.Run(frames, {}, &report).status());
  *tiles = report.tiles;
  return {};
}

struct StoredLimits {
  float low = -FLT_MAX, high = FLT_MAX;
};
StoredLimits LimitsOf(const TappedValue& value) {
  if (value.dtype == DType::kFloat32 || value.quant.empty()) return {};
  const bool words = value.dtype == DType::kInt16, bytes = value.dtype == DType::kUInt8;
  const int32_t low = bytes ? 0 : words ? INT16_MIN : INT8_MIN, high = bytes ? UINT8_MAX : words ? INT16_MAX : INT8_MAX;
  const auto zero = static_cast<int32_t>(value.quant.zero_points[0]);
  // As CAPTURE computes them.
  return {value.quant.scales[0] * static_cast<float>(low - zero),
          value.quant.scales[0] * static_cast<float>(high - zero)};
}

void Add(const TappedValue& value, const Tensor& tensor, ValueSeen* seen) {
  const StoredLimits limits = LimitsOf(value);
  const int64_t count = tensor.shape().elements();
  const float* numbers = tensor.data<float>();
  float low = FLT_MAX, high = -FLT_MAX;
  for (int64_t i = 0; i < count; ++i) {
    low = std::min(low, numbers[i]);
    high = std::max(high, numbers[i]);
    seen->at_lowest += numbers[i] <= limits.low ? 1 : 0;
    seen->at_highest += numbers[i] >= limits.high ? 1 : 0;
  }
  if (count == 0) return;
  seen->low = seen->elements == 0 ? low : std::min(seen->low, static_cast<double>(low));
  seen->high = seen->elements == 0 ? high : std::max(seen->high, static_cast<double>(high));
  seen->elements += count;
}

Status AddDifference(const Tensor& a, const Tensor& b, ValueDifference* difference) {
  if (!(a.shape() == b.shape())) {
    return InvalidArgument("'", difference->name, "' is ", a.shape().ToString(), " in one network and ",
                           b.shape().ToString(), " in the other");
  }
  const int64_t count = a.shape().elements();
  const float *x = a.data<float>(), *y = b.data<float>();
  double squares = 0;
  for (int64_t i = 0; i < count; ++i) {
    const double off = static_cast<double>(x[i]) - static_cast<double>(y[i]);
    squares += off * off;
    difference->differing += off != 0 ? 1 : 0;
    difference->largest = std::max(difference->largest, std::abs(off));
    difference->low = std::min(difference->low, static_cast<double>(x[i]));
    difference->high = std::max(difference->high, static_cast<double>(x[i]));
  }
  // The sum until all pictures are through.
  difference->squared_error += squares;
  difference->elements += count;
  return {};
}

Status ForEachPicture(const std::vector<std::string>& pictures, const std::function<bool(size_t)>& progress,
                      const std::function<Status(const Image&)>& look) {
  if (pictures.empty()) return InvalidArgument("values are looked at on pictures: at least one is needed");
  for (size_t i = 0; i < pictures.size(); ++i) {
    SL_ASSIGN(const Image picture, ReadImage(pictures[i]));
    SL_TRY(look(picture).With(pictures[i]));
    if (progress && !progress(i + 1)) return Status(StatusCode::kCancelled, "cancelled by the progress callback");
  }
  return {};
}

// The values that both have, twice: of the first and of the second.
Status Match(Tapped* first, Tapped* second) {
  std::map<std::string, TappedValue> by_name;
  for (const TappedValue& value : second->values) by_name.emplace(value.name, value);
  std::vector<TappedValue> ours, theirs;
  for (const TappedValue& value : first->values) {
    const auto found = by_name.find(value.name);
    if (value.name.empty() || found == by_name.end() || !(found->second.shape == value.shape)) continue;
    ours.push_back(value);
    theirs.push_back(found->second);
  }
  first->values = std::move(ours);
  second->values = std::move(theirs);
  if (!first->values.empty()) return {};
  return InvalidArgument(first->model.path(), " and ", second->model.path(), " have no value of one name and shape");
}

}  // namespace

double ValueDifference::Psnr() const {
  if (squared_error == 0) return std::numeric_limits<double>::infinity();
  return 10 * std::log10((high - low) * (high - low) / squared_error);
}

Result<std::vector<ValueSeen>> SeeValues(const Model& model, const std::vector<std::string>& pictures,
                                         const PictureOptions& options, const std::function<bool(size_t)>& progress) {
  Tapped network(model, options);
  SL_TRY(Prepare(&network));
  std::vector<ValueSeen> seen;
  for (const TappedValue& value : network.values) {
    seen.push_back({value.name, value.op, value.node, value.dtype, value.shape, value.quant, 0, 0, 0, 0, 0});
  }
  SL_TRY(ForEachPicture(pictures, progress, [&](const Image& picture) -> Status {
    for (size_t at = 0; at < seen.size();) {
      ValueTaps taps(network.values, at, seen.size());
      const auto look = [&]() -> Status {
        for (size_t i = 0; i < taps.count(); ++i) {
          if (taps.captured(i) != nullptr) Add(network.values[at + i], *taps.captured(i), &seen[at + i]);
        }
        return {};
      };
      int64_t tiles = 1;
      SL_TRY(Run(network, picture, &taps, look, &tiles));
      at += std::max<size_t>(taps.count(), 1);
    }
    return {};
  }));
  return seen;
}

Result<std::vector<ValueDifference>> CompareValues(const Model& first, const Model& second,
                                                   const std::vector<std::string>& pictures,
                                                   const PictureOptions& options,
                                                   const std::function<bool(size_t)>& progress) {
  Tapped a(first, options), b(second, options);
  SL_TRY(Prepare(&a));
  SL_TRY(Prepare(&b));
  SL_TRY(Match(&a, &b));
  std::vector<ValueDifference> differences;
  for (const TappedValue& value : a.values) {
    ValueDifference difference;
    difference.name = value.name;
    difference.op = value.op;
    difference.node = value.node;
    difference.shape = value.shape;
    differences.push_back(std::move(difference));
  }
  SL_TRY(ForEachPicture(pictures, progress, [&](const Image& picture) -> Status {
    for (size_t at = 0; at < differences.size();) {
      ValueTaps ours(a.values, at, differences.size());
      int64_t tiles = 1;
      SL_TRY(Run(a, picture, &ours, {}, &tiles));
      const size_t count = std::max<size_t>(ours.count(), 1);
      ValueTaps theirs(b.values, at, count);
      SL_TRY(Run(b, picture, &theirs, {}, &tiles));
      for (size_t i = 0; i < std::min(ours.count(), theirs.count()); ++i) {
        if (ours.captured(i) == nullptr || theirs.captured(i) == nullptr) continue;
        differences[at + i].last_tile = differences[at + i].last_tile || tiles > 1;
        SL_TRY(AddDifference(*ours.captured(i), *theirs.captured(i), &differences[at + i]));
      }
      at += std::min(count, std::max<size_t>(theirs.count(), 1));
    }
    return {};
  }));
  std::erase_if(differences, [](const ValueDifference& d) { return d.elements == 0; });
  for (ValueDifference& difference : differences) difference.squared_error /= static_cast<double>(difference.elements);
  return differences;
}

}  // namespace safelight
