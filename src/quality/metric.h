// SPDX-License-Identifier: Apache-2.0
//
// The form of a metric: one file each under src/quality/metrics, one line in metrics.def.
#pragma once

#include "base/thread_pool.h"
#include "safelight/quality.h"

namespace safelight {

// What a metric is given. The pictures are checked: same size, type and colour channels, no alpha that matters, no NaN,
// no side below the metric's `least_side`; the crop of the options is made.
struct MetricCase {
  const ConstImageView* reference = nullptr;  // null for metrics without one
  ConstImageView test;
  Profile profile = Profile::kPaper;  // one of the metric's own conventions
  const QualityOptions* options = nullptr;
  ThreadPool* pool = nullptr;
};

struct Metric {
  MetricInfo info;
  // `map`, where not null and where the metric has maps, gets the damage; it may be smaller than the picture (the
  // meter enlarges it) and is centred on it.
  Result<double> (*measure)(const MetricCase& pictures, DamageMap* map);
};

#define METRIC(name) Metric name##_metric();
#include "quality/metrics.def"
#undef METRIC

// The metrics of metrics.def. kNotFound with the names that exist.
Result<const Metric*> FindMetric(const std::string& name);

}  // namespace safelight
