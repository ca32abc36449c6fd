// SPDX-License-Identifier: Apache-2.0
#include "quality/error.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "kernels/differences.h"
#include "quality/metric.h"
#include "quality/planes.h"

namespace safelight {
namespace {

// Differences of 8-bit pictures without alpha are whole numbers; their sums are exact.
MeanErrors ExactErrors(const ConstImageView& reference, const ConstImageView& test, ThreadPool* pool) {
  const size_t samples = static_cast<size_t>(test.width) * static_cast<size_t>(test.channels);
  std::vector<kernels::DifferenceSums> rows(static_cast<size_t>(test.height));
  ForBands(pool, test.height, [&](int64_t begin, int64_t end) {
    for (int64_t y = begin; y < end; ++y) {
      rows[static_cast<size_t>(y)] = kernels::SumDifferences(reinterpret_cast<const uint8_t*>(reference.row(y)),
                                                             reinterpret_cast<const uint8_t*>(test.row(y)), samples);
    }
  });
  kernels::DifferenceSums sums;
  for (const kernels::DifferenceSums& row : rows) {
    sums.squared += row.squared;
    sums.absolute += row.absolute;
  }
  const double count = static_cast<double>(samples) * static_cast<double>(test.height);
  return {static_cast<double>(sums.squared) / count, static_cast<double>(sums.absolute) / count};
}

std::vector<Plane> PlanesOf(const ConstImageView& view, ComparedSamples samples, ThreadPool* pool) {
  std::vector<Plane> planes;
  if (samples == ComparedSamples::kColors) return ColorPlanes(view, pool);
  if (samples == ComparedSamples::kYFull) {
    planes.push_back(MixedPlane(view, {0.299f, 0.587f, 0.114f}, 0, pool));
    return planes;
  }
  // MATLAB's rgb2ycbcr: of samples in 0..1 these are 65.481, 128.553, 24.966.
  planes.push_back(MixedPlane(view, {65.481f / 255, 128.553f / 255, 24.966f / 255}, 16, pool));
  if (samples == ComparedSamples::kYStudioRounded) {
    planes[0] = Transform(planes[0], [](float v) { return std::floor(v + 0.5f); });
  }
  return planes;
}

}  // namespace

MeanErrors MeasureErrors(const ConstImageView& reference, const ConstImageView& test, ComparedSamples samples,
                         ThreadPool* pool, DamageMap* map) {
  const auto plain = [](const ConstImageView& view) { return view.type == PixelType::kU8 && !view.has_alpha(); };
  if (map == nullptr && samples == ComparedSamples::kColors && plain(reference) && plain(test)) {
    return ExactErrors(reference, test, pool);
  }
  const std::vector<Plane> a = PlanesOf(reference, samples, pool), b = PlanesOf(test, samples, pool);
  if (map != nullptr) *map = {test.width, test.height, std::vector<float>(a[0].size())};
  std::vector<MeanErrors> rows(static_cast<size_t>(test.height));
  ForBands(pool, test.height, [&](int64_t begin, int64_t end) {
    for (int64_t y = begin; y < end; ++y) {
      MeanErrors& sums = rows[static_cast<size_t>(y)];
      for (int64_t x = 0; x < test.width; ++x) {
        double pixel = 0;
        for (size_t c = 0; c < a.size(); ++c) {
          const double d = static_cast<double>(a[c].row(y)[x]) - static_cast<double>(b[c].row(y)[x]);
          pixel += d * d;
          sums.absolute += std::abs(d);
        }
        sums.squared += pixel;
        if (map != nullptr) {
          map->values[static_cast<size_t>(y * test.width + x)] =
              static_cast<float>(std::sqrt(pixel / static_cast<double>(a.size())));
        }
      }
    }
  });
  MeanErrors mean;
  for (const MeanErrors& row : rows) {
    mean.squared += row.squared;
    mean.absolute += row.absolute;
  }
  const double count = static_cast<double>(a[0].size() * a.size());
  return {mean.squared / count, mean.absolute / count};
}

namespace {

template <ComparedSamples samples>
Result<double> MeasurePsnr(const MetricCase& pictures, DamageMap* map) {
  const bool rounded = samples == ComparedSamples::kYStudio && pictures.profile == Profile::kMatlab;
  MeanErrors errors = MeasureErrors(*pictures.reference, pictures.test,
                                    rounded ? ComparedSamples::kYStudioRounded : samples, pictures.pool, map);
  if (pictures.profile == Profile::kPyiqa) errors.squared += 1e-8 * 255 * 255;
  const double psnr =
      errors.squared == 0 ? std::numeric_limits<double>::infinity() : 10 * std::log10(255.0 * 255.0 / errors.squared);
  return pictures.profile == Profile::kLibvmaf ? std::min(psnr, 60.0) : psnr;
}

}  // namespace

Metric PsnrMetric(const char* name, const char* title, const char* channel, ComparedSamples samples) {
  Metric metric;
  metric.info.name = name;
  metric.info.title = title;
  metric.info.unit = "dB";
  metric.info.low = 0;
  metric.info.high = std::numeric_limits<double>::infinity();
  metric.info.has_map = true;
  metric.info.source = "10 log10(peak^2 / mean squared error); luma: ITU-R BT.601-7";
  const std::string text = channel;
  metric.info.conventions = {{Profile::kPaper, text + ", peak 255, no ceiling"},
                             {Profile::kPyiqa, text + ", peak 255, 1e-8 added to the error of 0..1"},
                             {Profile::kSkimage, text + ", peak 255, no ceiling"}};
  switch (samples) {
    case ComparedSamples::kYStudio:
      metric.measure = MeasurePsnr<ComparedSamples::kYStudio>;
      metric.info.conventions.push_back({Profile::kMatlab, text + ", rounded to whole numbers, peak 255"});
      metric.info.conventions.push_back({Profile::kLibvmaf, text + ", peak 255, at most 60 dB"});
      break;
    case ComparedSamples::kYFull:
      metric.measure = MeasurePsnr<ComparedSamples::kYFull>;
      metric.info.conventions.push_back({Profile::kLibvmaf, text + ", peak 255, at most 60 dB"});
      break;
    default:
      metric.measure = MeasurePsnr<ComparedSamples::kColors>;
      metric.info.conventions.push_back({Profile::kMatlab, text + ", peak 255, no ceiling"});
  }
  return metric;
}

}  // namespace safelight
