// SPDX-License-Identifier: Apache-2.0
#include "quality/error.h"
#include "quality/metric.h"

namespace safelight {

Metric psnr_metric() {
  return PsnrMetric("psnr", "peak signal-to-noise ratio of all colours", "mean square over all colour channels",
                    ComparedSamples::kColors);
}

}  // namespace safelight
