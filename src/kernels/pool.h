// SPDX-License-Identifier: Apache-2.0
//
// Mean or maximum of the pixels of a window, channel by channel, of float32 rows n h w c.
//
// Pixels are added (or compared) row by row and from left to right, so the bits are those of plain loops.
#pragma once

#include <cstdint>

namespace safelight::kernels {

enum class PoolKind { kAverage, kMax };

// One output pixel: `taps` neighbours in each of the rows, `pixel_step` floats apart.
struct PoolPixel {
  const float* const* rows = nullptr;  // first pixel of the window in each row
  int64_t num_rows = 0;
  int64_t taps = 0;
  int64_t pixel_step = 0;
  int64_t channels = 0;
  float low = 0, high = 0;  // limits of the result
};
void RunPool(PoolKind kind, const PoolPixel& pixel, float* out);

}  // namespace safelight::kernels
