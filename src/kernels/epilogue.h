// SPDX-License-Identifier: Apache-2.0
//
// What follows the sums of a convolution, in place: a residual, slopes below 0, limits.
//
// Pixels of float32 channels, n h w c. An element's bits depend on nothing but its sum and operands.
#pragma once

#include <cstdint>

namespace safelight::kernels {

// Neighbouring pixels: out = clamp(slope(out + residual)), or clamp(slope(out)) + residual.
struct EpiloguePixels {
  float* out = nullptr;
  int64_t out_step = 0;  // floats from pixel to pixel
  int64_t channels = 0;
  int64_t pixels = 0;
  const float* residual = nullptr;  // null: none
  int64_t residual_step = 0;
  bool residual_last = false;
  const float* slopes = nullptr;  // null, or one per channel: below 0 x becomes x * slope
  float low = 0, high = 0;
};
void RunEpilogue(const EpiloguePixels& pixels);

}  // namespace safelight::kernels
