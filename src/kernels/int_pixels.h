// SPDX-License-Identifier: Apache-2.0
//
// Quantized pixels, n h w c, made of a few others, channel by channel: pools, and bilinear blends of four. Exact: the
// arithmetic is that of TFLite's reference kernels.
#pragma once

#include <cstdint>

#include "kernels/pool.h"

namespace safelight::kernels {

// One output pixel of a pool: `taps` neighbours in each of the rows, `pixel_step` values apart.
template <typename T>
struct IntPoolPixel {
  const T* const* rows = nullptr;  // first pixel of the window in each row
  int64_t num_rows = 0;
  int64_t taps = 0;
  int64_t pixel_step = 0;
  int64_t channels = 0;
  int32_t low = 0, high = 0;
};
// Means are rounded, halves away from zero. There are at least one and at most kMostPooled pixels in a window.
constexpr int64_t kMostPooled = 500;
void RunIntPool(PoolKind kind, const IntPoolPixel<int8_t>& pixel, int8_t* out);
void RunIntPool(PoolKind kind, const IntPoolPixel<uint8_t>& pixel, uint8_t* out);
void RunIntPool(PoolKind kind, const IntPoolPixel<int16_t>& pixel, int16_t* out);

// Pixels top left, bottom left, top right, bottom right, and how far the result is from the top and from the left.
struct BlendPixels {
  const void* corners[4] = {};
  float y = 0, x = 0;
  int64_t channels = 0;
};
// int8: y and x are whole numbers of 1/1024; sums are rounded, halves away from zero.
void RunBlend(const BlendPixels& pixels, int8_t* out);
// uint8: in float32, in the order of the corners; a half is added to what is then cut off.
void RunBlend(const BlendPixels& pixels, uint8_t* out);

}  // namespace safelight::kernels
