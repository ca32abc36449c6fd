// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include "quality/metric.h"
#include "quality/planes.h"

namespace safelight {
namespace {

// Length of the gradient by Prewitt's operator, of the picture at half its size.
Plane Gradient(const ConstImageView& view, ThreadPool* pool) {
  const std::vector<float> half(2, 0.5f), mean(3, 1.0f / 3), difference = {1, 0, -1};
  const Plane plane = Decimate(FilterSeparable(GrayPlane(view, pool), half, half, Border::kZero, pool), 2);
  const Plane across = FilterSeparable(plane, mean, difference, Border::kZero, pool);
  const Plane down = FilterSeparable(plane, difference, mean, Border::kZero, pool);
  return Combine(across, down, [](float x, float y) { return std::sqrt(x * x + y * y); });
}

Result<double> Measure(const MetricCase& pictures, DamageMap* map) {
  constexpr float kC = 170;
  const Plane similarity = Combine(Gradient(*pictures.reference, pictures.pool), Gradient(pictures.test, pictures.pool),
                                   [](float a, float b) { return (2 * a * b + kC) / (a * a + b * b + kC); });
  if (map != nullptr) {
    *map = {similarity.width(), similarity.height(), {similarity.data(), similarity.data() + similarity.size()}};
    for (float& v : map->values) v = 1 - v;
  }
  return StandardDeviation(similarity);
}

}  // namespace

Metric gmsd_metric() {
  Metric metric;
  metric.info.name = "gmsd";
  metric.info.title = "gradient magnitude similarity deviation";
  metric.info.high = 0.5;  // the most that numbers in 0..1 can deviate
  metric.info.direction = Direction::kLowerIsBetter;
  metric.info.has_map = true;
  metric.info.least_side = 2;
  metric.info.source = "Xue, Zhang, Mou, Bovik, IEEE TIP 23(2), 2014";
  metric.info.conventions = {
      {Profile::kPaper,
       "MATLAB's rgb2gray, rounded; 2x2 means, every second pixel; Prewitt's gradient, zeros outside; c 170"}};
  metric.measure = Measure;
  return metric;
}

}  // namespace safelight
