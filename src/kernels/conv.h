// SPDX-License-Identifier: Apache-2.0
//
// Direct convolution of float32 rows, n h w c.
//
// Weights are packed in blocks of output channels, [block][ky][kx][ic][lanes of the block], so that the inner loop is
// one broadcast and a few multiply-adds. Every pixel sums in the same order (ky, kx, ic, starting from the
// bias), however many pixels are done at once, so its bits do not depend on where a row is cut.
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
// Output channels of one block on this CPU; packings differ where it does.
int64_t ConvBlockChannels();

// One row of output pixels [x_begin, x_end).
struct ConvRow {
  // Input row of each ky, at the pixel of column `in_col_begin`; null where the row is outside the picture.
  const float* const* rows = nullptr;
  int64_t in_col_begin = 0;
  int64_t in_width = 0;          // of the whole picture
  int64_t in_pixel_stride = 0;   // floats from one pixel to the next
  int64_t stride = 1, dilation = 1, pad = 0;  // along x
  int64_t interior_begin = 0, interior_end = 0;  // outputs all of whose taps along x lie inside
  float* out = nullptr;          // output pixel x_begin
  int64_t out_pixel_stride = 0;
  int64_t x_begin = 0, x_end = 0;
  float low = 0, high = 0;
};
void RunConvRow(const ConvSize& size, const float* packed, const ConvRow& row);

// One output pixel from an arbitrary set of taps: in_taps[t] points at in_channels floats, tap_index[t] = ky *
// filter_w + kx names the weights. Used by transposed convolution.
void RunConvTaps(const ConvSize& size, const float* packed, const float* const* in_taps, const int32_t* tap_index,
                 int64_t taps, float low, float high, float* out);

}  // namespace safelight::kernels
