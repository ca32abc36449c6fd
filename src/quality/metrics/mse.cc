// SPDX-License-Identifier: Apache-2.0
#include "quality/error.h"
#include "quality/metric.h"

namespace safelight {
namespace {

Result<double> Measure(const MetricCase& pictures, DamageMap* map) {
  return MeasureErrors(*pictures.reference, pictures.test, ComparedSamples::kColors, pictures.pool, map).squared;
}

}  // namespace

Metric mse_metric() {
  Metric metric;
  metric.info.name = "mse";
  metric.info.title = "mean squared error";
  metric.info.high = 255.0 * 255.0;
  metric.info.direction = Direction::kLowerIsBetter;
  metric.info.has_map = true;
  metric.info.source = "its definition";
  metric.info.conventions = {{Profile::kPaper, "all colour channels, samples in 0..255"}};
  metric.measure = Measure;
  return metric;
}

}  // namespace safelight
