// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>

#include "quality/metric.h"
#include "quality/ssim.h"

namespace safelight {
namespace {

constexpr double kWeights[] = {0.0448, 0.2856, 0.3001, 0.2363, 0.1333};  // the paper's, of five scales
constexpr int64_t kLeastSide = 11 * 16;                                  // a window at the smallest scale

Plane Halve(const Plane& plane, ThreadPool* pool) {
  const std::vector<float> taps(2, 0.5f);
  return Decimate(FilterSeparable(plane, taps, taps, Border::kSymmetric, pool), 2);
}

Result<double> Measure(const MetricCase& pictures, DamageMap* map) {
  const bool pyiqa = pictures.profile == Profile::kPyiqa;
  const auto luma = [&](const ConstImageView& view) {
    return pyiqa ? MixedPlane(view, {0.299f, 0.587f, 0.114f}, 0, pictures.pool) : GrayPlane(view, pictures.pool);
  };
  Plane a = luma(*pictures.reference), b = luma(pictures.test);
  SsimWindow window = PaperWindow();
  window.clip_contrast = pyiqa;
  double product = 1;
  for (size_t scale = 0; scale < std::size(kWeights); ++scale) {
    Plane damage;
    const bool first = scale == 0 && map != nullptr;
    const SsimMeans means = MeasureSsim(a, b, window, pictures.pool, first ? &damage : nullptr);
    if (first) *map = {damage.width(), damage.height(), {damage.data(), damage.data() + damage.size()}};
    const bool last = scale + 1 == std::size(kWeights);
    // A mean below 0 has no real power: nothing of the structure is left.
    product *= std::pow(std::max(last ? means.similarity : means.contrast, 0.0), kWeights[scale]);
    if (last) break;
    a = Halve(a, pictures.pool);
    b = Halve(b, pictures.pool);
  }
  return product;
}

}  // namespace

Metric ms_ssim_metric() {
  Metric metric;
  metric.info.name = "ms-ssim";
  metric.info.title = "structural similarity over five scales";
  metric.info.has_map = true;
  metric.info.least_side = kLeastSide;
  metric.info.source = "Wang, Simoncelli, Bovik, Asilomar Conference 2003";
  const std::string rest =
      "; Gaussian window 11x11, sigma 1.5, windows inside; 2x2 means between scales, mirrored border";
  metric.info.conventions = {
      {Profile::kPaper, "MATLAB's rgb2gray, rounded" + rest + "; map of the first scale"},
      {Profile::kPyiqa, "BT.601 luma in 0..255, not rounded" + rest + "; contrast below 0 counts as 0"}};
  metric.measure = Measure;
  return metric;
}

}  // namespace safelight
