// SPDX-License-Identifier: Apache-2.0
//
// The inside of SSIM, for the metrics that are made of it. Z. Wang, A. Bovik, H. Sheikh, E. Simoncelli: Image quality
// assessment: from error visibility to structural similarity, IEEE TIP 13(4), 2004.
#pragma once

#include <vector>

#include "quality/planes.h"
#include "safelight/quality.h"

namespace safelight {

struct SsimWindow {
  std::vector<float> taps;       // along each side; their sum is 1
  double covariance_factor = 1;  // N / (N - 1) for the covariance of a sample
  bool clip_contrast = false;    // contrast below 0 counts as 0
};

// Gaussian of 11 x 11, sigma 1.5.
SsimWindow PaperWindow();

struct SsimMeans {
  double similarity = 0;  // the index
  double contrast = 0;    // contrast times structure alone, what MS-SSIM takes of all scales but the last
};

// Over all windows that lie inside; samples in 0..255, K1 = 0.01, K2 = 0.03. Planes of the same size, at least of the
// window's. `damage`, where not null, gets 1 - similarity of each window.
SsimMeans MeasureSsim(const Plane& reference, const Plane& test, const SsimWindow& window, ThreadPool* pool,
                      Plane* damage);

}  // namespace safelight
