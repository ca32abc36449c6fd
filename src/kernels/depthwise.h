// SPDX-License-Identifier: Apache-2.0
//
// Depthwise convolution of float32 pixels, n h w c: every channel with its own filter.
//
// The caller lists the taps of a pixel; the kernel holds a few pixels in registers and walks the taps in the order
// of the list, one multiply-add each, so a pixel's bits do not depend on its neighbours.
#pragma once

#include <cstdint>

namespace safelight::kernels {

// `channels` floats at `in` meet the floats at `weights`.
struct DepthwiseTap {
  const float* in;
  const float* weights;
};

// Neighbouring output pixels with the same taps, each `in_step` floats further on.
struct DepthwisePixels {
  const DepthwiseTap* taps = nullptr;
  int64_t num_taps = 0;
  int64_t in_step = 0;
  const float* bias = nullptr;  // null or one per channel
  int64_t channels = 0;
  float* out = nullptr;
  int64_t out_step = 0;
  int64_t pixels = 0;
  float low = 0, high = 0;  // limits of the result
};
// Nothing is read or written past `channels` elements of a pixel.
void RunDepthwise(const DepthwisePixels& pixels);

}  // namespace safelight::kernels
