// SPDX-License-Identifier: Apache-2.0
#include "quality/ssim.h"

#include <algorithm>
#include <cmath>

#include "quality/metric.h"

namespace safelight {
namespace {

constexpr int kLibrarySide = 256;  // the smaller side that the authors' script and libvmaf bring pictures down to

// Means of squares of `factor` pixels, every factor-th of them.
Plane Shrink(const Plane& plane, int64_t factor, ThreadPool* pool) {
  const std::vector<float> taps(static_cast<size_t>(factor), 1.0f / static_cast<float>(factor));
  return Decimate(FilterSeparable(plane, taps, taps, Border::kSymmetric, pool), factor);
}

std::vector<Plane> Planes(const ConstImageView& view, Profile profile, ThreadPool* pool) {
  if (profile == Profile::kSkimage) return ColorPlanes(view, pool);
  std::vector<Plane> planes;
  if (profile == Profile::kPyiqa) {
    planes.push_back(MixedPlane(view, {0.299f, 0.587f, 0.114f}, 0, pool));
  } else if (profile == Profile::kLibvmaf) {
    planes.push_back(MixedPlane(view, {65.481f / 255, 128.553f / 255, 24.966f / 255}, 16, pool));
  } else {
    planes.push_back(GrayPlane(view, pool));
  }
  if (profile == Profile::kLibvmaf) {
    const auto ratio = static_cast<double>(std::min(view.width, view.height)) / kLibrarySide;
    const int64_t factor = std::max<int64_t>(1, std::lround(ratio));
    if (factor > 1) planes[0] = Shrink(planes[0], factor, pool);
  }
  return planes;
}

SsimWindow WindowOf(Profile profile) {
  if (profile != Profile::kSkimage) {
    SsimWindow window = PaperWindow();
    return window;
  }
  return {std::vector<float>(7, 1.0f / 7), 49.0 / 48};
}

Result<double> Measure(const MetricCase& pictures, DamageMap* map) {
  const std::vector<Plane> a = Planes(*pictures.reference, pictures.profile, pictures.pool);
  const std::vector<Plane> b = Planes(pictures.test, pictures.profile, pictures.pool);
  const SsimWindow window = WindowOf(pictures.profile);
  double sum = 0;
  for (size_t c = 0; c < a.size(); ++c) {
    Plane damage;
    sum += MeasureSsim(a[c], b[c], window, pictures.pool, map != nullptr ? &damage : nullptr).similarity;
    if (map == nullptr) continue;
    if (c == 0) *map = {damage.width(), damage.height(), std::vector<float>(damage.size())};
    for (size_t i = 0; i < damage.size(); ++i) map->values[i] += damage.data()[i] / static_cast<float>(a.size());
  }
  return sum / static_cast<double>(a.size());
}

}  // namespace

Metric ssim_metric() {
  Metric metric;
  metric.info.name = "ssim";
  metric.info.title = "structural similarity";
  metric.info.low = -1;
  metric.info.has_map = true;
  metric.info.least_side = 11;
  metric.info.source = "Wang, Bovik, Sheikh, Simoncelli, IEEE TIP 13(4), 2004";
  const std::string window = "Gaussian window 11x11, sigma 1.5, windows inside the picture";
  metric.info.conventions = {
      {Profile::kPaper, "MATLAB's rgb2gray, rounded; " + window + "; no downsampling"},
      {Profile::kMatlab, "MATLAB's rgb2gray, rounded; " + window + "; no downsampling"},
      {Profile::kPyiqa, "BT.601 luma in 0..255, not rounded; " + window + "; no downsampling"},
      {Profile::kLibvmaf, "BT.601 luma in 16..235; " + window + "; shrunk to a smaller side near 256 first"},
      {Profile::kSkimage,
       "mean over the colour channels; flat window 7x7, sample covariance, 3 pixels of border left out"}};
  metric.measure = Measure;
  return metric;
}

}  // namespace safelight
