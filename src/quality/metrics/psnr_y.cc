// SPDX-License-Identifier: Apache-2.0
#include "quality/error.h"
#include "quality/metric.h"

namespace safelight {

Metric psnr_y_metric() {
  return PsnrMetric("psnr-y", "peak signal-to-noise ratio of luma", "BT.601 luma in 16..235",
                    ComparedSamples::kYStudio);
}

}  // namespace safelight
