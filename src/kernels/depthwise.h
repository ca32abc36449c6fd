// SPDX-License-Identifier: Apache-2.0
//
// Depthwise convolution of float32 pixels, n h w c: every channel with its own filter.
//
// The caller lists the filter's rows, which are the taps that lie evenly; the kernel holds a few pixels in registers
// and walks rows and taps in order, one multiply-add each, so a pixel's bits do not depend on its neighbours. Filters
// of 3 and 5 columns that move by 1 or 2 pixels load each input once for all the outputs that it meets.
#pragma once

#include <cstdint>

namespace safelight::kernels {

// Where the first tap of a filter row meets the first pixel, and that tap's weights.
struct DepthwiseRow {
  const float* in;
  const float* weights;
};

// Neighbouring output pixels with the same taps, each `in_step` floats further on.
struct DepthwisePixels {
  const DepthwiseRow* rows = nullptr;
  int64_t num_rows = 0;
  int64_t taps = 0;         // of a row
  int64_t tap_step = 0;     // floats of the input from tap to tap
  int64_t weight_step = 0;  // floats of the weights from tap to tap
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
