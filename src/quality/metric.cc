// SPDX-License-Identifier: Apache-2.0
#include "quality/metric.h"

#include <algorithm>

#include "base/status.h"

namespace safelight {
namespace {

const std::vector<Metric>& Metrics() {
  static const std::vector<Metric> metrics = {
#define METRIC(name) name##_metric(),
#include "quality/metrics.def"
#undef METRIC
  };
  return metrics;
}

constexpr const char* kProfiles[] = {"paper", "matlab", "pyiqa", "libvmaf", "skimage"};

}  // namespace

const char* ProfileName(Profile profile) { return kProfiles[static_cast<size_t>(profile)]; }

Result<Profile> ParseProfile(const std::string& name) {
  for (size_t i = 0; i < std::size(kProfiles); ++i) {
    if (name == kProfiles[i]) return static_cast<Profile>(i);
  }
  return InvalidArgument("the profile '", name, "'; there are paper, matlab, pyiqa, libvmaf and skimage");
}

std::vector<MetricInfo> ListMetrics() {
  std::vector<MetricInfo> infos;
  for (const Metric& metric : Metrics()) infos.push_back(metric.info);
  return infos;
}

Result<const Metric*> FindMetric(const std::string& name) {
  std::string names;
  for (const Metric& metric : Metrics()) {
    if (metric.info.name == name) return &metric;
    names += (names.empty() ? "" : ", ") + metric.info.name;
  }
  return NotFound("there is no metric '", name, "'; there are ", names);
}

}  // namespace safelight
