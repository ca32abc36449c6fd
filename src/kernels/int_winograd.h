// SPDX-License-Identifier: Apache-2.0
//
// Convolution 3x3, stride 1, of quantized values by Winograd's F(4x4, 3x3) in integers, exact: 36 products of 16 bits
// for a tile of 4x4 outputs in place of 144.
//
// Points are 0, +-1, +-2 and infinity. Inputs are bytes; at the points they have at most 100 * 255, so 16 bits. Weights
// are transformed without their fractions, at most 49 * 128. Sums of products are taken modulo 2^32, and so are the
// sums that make 9 * 2^n times an output of them, n at most 6: multiplied by 1/9 modulo 2^32 and shifted, that is the
// output itself if it stays below kLargest, which weights prove when they are packed. An input of 16 bits is two bytes,
// 256 * high + low, each with its own products.
//
// Four steps, each for some tiles of one row of tiles: columns, rows, products (kernels/int_product.h), outputs.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/requantize.h"

namespace safelight::kernels {

constexpr int64_t kIntWinogradPoints = 36, kIntWinogradTile = 4, kIntWinogradPatch = 6;
// Sums of bytes times weights must stay below this.
constexpr int64_t kIntWinogradLargest = int64_t{1} << 25;

// A filter of 3x3 taps at the points, each within 16 bits if the taps are within 8.
void IntWinogradFilter(const int16_t taps[9], int16_t points[kIntWinogradPoints]);

enum class WinogradBytes { kSigned, kUnsigned, kHigh, kLow };  // int8, uint8; of int16 the upper, signed, and the lower
// Six rows of `count` neighbouring inputs each, to six rows at the points, `to_step` values apart. Up to 64 more values
// are read and written.
void IntWinogradColumns(WinogradBytes bytes, const std::byte* const rows[kIntWinogradPatch], int64_t count, int16_t* to,
                        int64_t to_step);

// Where the values of tiles at the points lie: [point][tile][channel].
struct WinogradValues {
  int16_t* values = nullptr;
  int64_t tile_step = 0;   // values from tile to tile: IntWinogradChannels
  int64_t point_step = 0;  // from point to point
};
int64_t IntWinogradChannels(int64_t channels);
// The six rows of IntWinogradColumns to the values of `tiles` tiles, which are four pixels apart.
void IntWinogradRows(const int16_t* from, int64_t from_step, int64_t channels, int64_t tiles, const WinogradValues& to);

struct WinogradProducts {
  // [point][tile][channel] of the bytes, or of the lower and the upper ones.
  const int32_t* products = nullptr;
  const int32_t* high_products = nullptr;  // of int16 only
  int64_t tile_step = 0, point_step = 0;
  int64_t channels = 0;
  int64_t columns = 0;   // outputs of a row that are wanted: those of a tile more or fewer
  int64_t out_step = 0;  // elements from pixel to pixel
  void* out[4] = {};     // the first pixel of each row; null: it is not wanted
};
void RunIntWinogradOutputs(const Requantize& by, const WinogradProducts& of, int8_t*);
void RunIntWinogradOutputs(const Requantize& by, const WinogradProducts& of, uint8_t*);
void RunIntWinogradOutputs(const Requantize& by, const WinogradProducts& of, int16_t*);

}  // namespace safelight::kernels
