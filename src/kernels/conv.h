// SPDX-License-Identifier: Apache-2.0
//
// Direct convolution of float32 pixels, n h w c.
//
// The caller lists the runs of input floats that an output pixel sums over; the kernel does as many pixels at once as
// fit into registers. Every pixel starts from the bias and adds its runs in the order of the list, whichever
// pixels are done with it, so its bits do not depend on where a row is cut.
//
// Weights are packed in panels of output channels, [panel][ky][kx][ic][channel of the panel]: the inner loop is one
// broadcast and one to three multiply-adds. Up to four output channels keep the order of the file instead and
// are vectors over the input.
#pragma once

#include <cstddef>
#include <cstdint>

namespace safelight::kernels {

struct ConvSize {
  int64_t in_channels = 0;   // that one filter sees
  int64_t out_channels = 0;  // made with these weights
  int64_t filter_h = 0, filter_w = 0;
};

// Bytes of the packed weights and bias, and the packing: `weights` is [out][ky][kx][in], `bias` null or [out].
size_t ConvPackedBytes(const ConvSize& size);
void PackConv(const ConvSize& size, const float* weights, const float* bias, float* packed);
// Names the packing that this CPU uses for `size`; equal numbers, equal bytes.
int64_t ConvLayout(const ConvSize& size);

// `length` floats at `in` meet the weights from (ky * filter_w + kx) * in_channels on, which is `weight`.
struct ConvRun {
  const float* in;
  int64_t weight;
  int64_t length;
};

// Neighbouring output pixels that sum over the same runs, each `in_step` floats further on.
struct ConvPixels {
  const ConvRun* runs = nullptr;
  int64_t num_runs = 0;
  int64_t in_step = 0;
  float* out = nullptr;  // out_channels floats of the first pixel
  int64_t out_step = 0;
  int64_t pixels = 0;
  float low = 0, high = 0;  // limits of the result
};
void RunConv(const ConvSize& size, const float* packed, const ConvPixels& pixels);

}  // namespace safelight::kernels
