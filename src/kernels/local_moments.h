// SPDX-License-Identifier: Apache-2.0
//
// Means, variances and covariance of two planes in a window around each pixel, a row at a time.
//
// Windows are outer products of taps, which sum to 1. Rows of the inputs are readable for kMomentsSlack floats past
// their width, which do not matter. Every element's bits depend on its own window alone.
#pragma once

#include <cstddef>

namespace safelight::kernels {

inline constexpr size_t kMomentsSlack = 64;

// Rows with room for the width of the output and kMomentsSlack.
struct Moments {
  float* mean_x;
  float* mean_y;
  float* variance_x;
  float* variance_y;
  float* covariance;
};

// out[i] is of the window whose left column is i: width - taps + 1 of them. Samples are taken minus `shift`, which
// should be near the middle of their range: variances are differences of large numbers, means get it back.
// x and y have `taps` rows each; `scratch` holds 5 rows of width + kMomentsSlack.
void MomentsRow(const float* const* x, const float* const* y, const float* weights, size_t taps, size_t width,
                float shift, float* scratch, const Moments& out);

// Structural similarity of each window: contrast[i] = (2 covariance f + c2) / ((variance_x + variance_y) f + c2), and
// similarity[i] = contrast[i] (2 mean_x mean_y + c1) / (mean_x^2 + mean_y^2 + c1).
void SsimRow(const Moments& moments, size_t count, float c1, float c2, float factor, float* contrast,
             float* similarity);

}  // namespace safelight::kernels
