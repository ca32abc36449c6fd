// SPDX-License-Identifier: Apache-2.0
//
// Convolution 3x3 or 5x5, stride 1, of float32 pixels (n h w c) by Winograd's F(4x4, 3x3) and F(2x2, 5x5): a tile of
// 4x4 outputs costs 36 multiply-adds per pair of channels in place of 144, one of 2x2 outputs 36 in place of 100.
//
// A call makes a strip of one row of tiles, so up to four rows, or two. With tiles of size t, tile j lies at columns
// tj .. tj+t-1 of the value's own coordinates, whatever part of a row is asked for, and an output's bits depend on its
// tile alone: transforms are element by element, and the products sum over the input channels in ascending order.
//
// Both sizes have tiles of 6x6 inputs, the same points, 0, +-sqrt(1/2), +-sqrt(2) and infinity, and so the same
// transform of the inputs. The usual 0, +-1, +-2 would be a little less work and four times the error. An output's
// error is below 1e-6 times the sum, over the input channels, of the largest |input| of the tile times the channel's
// |weights|: a tested bound, not a proven one. Random 3x3 weights of 32 channels, outputs of rms 0.6: 3.6e-7 rms
// and 2.2e-6 at most, against 1.8e-7 and 1.1e-6 of direct sums.
//
// Cost: a group of 12 tiles is transformed, multiplied as 36 small matrices and transformed back within the L2 cache.
#pragma once

#include <cstddef>
#include <cstdint>

namespace safelight::kernels {

struct WinogradSize {
  int64_t in_channels = 0;
  int64_t out_channels = 0;
  int64_t taps = 3;                          // 3 or 5, in both directions
  int64_t tile() const { return 7 - taps; }  // outputs of a tile in both directions
};

// Bytes of the transformed weights and the bias, and the transform: `weights` is [out][ky][kx][in], `bias` null or
// [out]. Best on a 64-byte boundary.
size_t WinogradPackedBytes(const WinogradSize& size);
void PackWinograd(const WinogradSize& size, const float* weights, const float* bias, float* packed);
// Names the packing that this CPU uses for `size`; equal numbers, equal bytes.
int64_t WinogradLayout(const WinogradSize& size);

// The same for strips of any width.
size_t WinogradScratchBytes(const WinogradSize& size);

enum class WinogradResidual { kBeforeActivation, kAfterActivation };

// Rows are given by the address of their column 0, which need not exist: only columns asked for are touched.
struct WinogradStrip {
  // The six input rows under the tiles, null for rows beyond the picture. Of these, columns t floor(x_begin / t) - pad
  // up to t ceil(x_end / t) - pad + taps - 1 are read as far as they lie in [0, width); those outside count as zero.
  const float* in[6] = {};
  int64_t in_step = 0;  // floats from pixel to pixel
  int64_t width = 0;    // columns of the whole input
  int64_t pad = 0;      // output column x sees input columns x - pad .. x - pad + taps - 1

  float* out[4] = {};  // of each row of a tile; null: this row is not wanted
  int64_t out_step = 0;
  int64_t x_begin = 0, x_end = 0;  // output columns to store

  // Result: y = conv + bias; y += residual (if before); y *= slope of its channel if y < 0 (if there are slopes);
  // limits; y += residual (if after).
  float low = 0, high = 0;
  const float* slopes = nullptr;  // [out_channels]
  const float* residual[4] = {};  // all null, or a row for each row of `out`
  int64_t residual_step = 0;
  WinogradResidual residual_use = WinogradResidual::kBeforeActivation;

  float* scratch = nullptr;  // best on a 64-byte boundary
};
void RunWinograd(const WinogradSize& size, const float* packed, const WinogradStrip& strip);

}  // namespace safelight::kernels
