// SPDX-License-Identifier: Apache-2.0
#include "quality/error.h"
#include "quality/metric.h"

namespace safelight {

Metric psnr_yfull_metric() {
  return PsnrMetric("psnr-yfull", "peak signal-to-noise ratio of luma of full range", "BT.601 luma in 0..255",
                    ComparedSamples::kYFull);
}

}  // namespace safelight
