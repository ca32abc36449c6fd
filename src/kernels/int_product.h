// SPDX-License-Identifier: Apache-2.0
//
// Exact products of quantized values: everything is widened to 16 bits, zero points taken off, and summed in 32 bits
// (modulo 2^32) two products at a time. Sums of integers have no order, so blocks, targets and tails agree by
// themselves.
//
// Weights are packed in blocks of 16 output channels, the last of 8 where that is enough: [block][pair][channel][2].
#pragma once

#include <cstddef>
#include <cstdint>

namespace safelight::kernels {

// to[i] = from[i] - zero_point.
void Widen(const int8_t* from, int32_t zero_point, int64_t count, int16_t* to);
void Widen(const uint8_t* from, int32_t zero_point, int64_t count, int16_t* to);
void Widen(const int16_t* from, int32_t zero_point, int64_t count, int16_t* to);

// Channels that sums are made for: a multiple of 8.
int64_t PaddedChannels(int64_t out_channels);
// `weights` is [out][2 * pairs].
size_t IntPackedBytes(int64_t out_channels, int64_t pairs);
void PackInt(int64_t out_channels, int64_t pairs, const int16_t* weights, int16_t* packed);

// 2 * pairs values at `in` meet the weights from pair `pair` on.
struct IntRun {
  const int16_t* in;
  int64_t pair;
  int64_t pairs;
};
struct IntPixels {
  const IntRun* runs = nullptr;
  int64_t num_runs = 0;
  int64_t in_step = 0;  // from pixel to pixel
  int64_t pixels = 0;
  int32_t* sums = nullptr;  // PaddedChannels of each pixel
};
// `pairs`: those of a whole filter.
void RunIntProduct(int64_t out_channels, int64_t pairs, const int16_t* packed, const IntPixels& pixels);

// sums[c] += sum over taps of in[t][c] * weights[t][c], for `channels` channels of one pixel. `weights` hold one int32
// for each: the weight in the lower 16 bits, zeros above.
void AddIntDepthwise(const int16_t* const* in, const int32_t* const* weights, int64_t taps, int64_t channels,
                     int32_t* sums);

// What becomes of a sum: (sum + bias) * factor / 2^31 * 2^(left - right), both steps rounded, + zero_point, limited.
// Arrays by channel, padded to PaddedChannels.
struct Requantize {
  const int32_t* bias = nullptr;
  const int32_t* factor = nullptr;
  const int32_t* left = nullptr;
  const int32_t* right = nullptr;
  int32_t zero_point = 0, low = 0, high = 0;
};
void RunRequantize(const Requantize& by, const int32_t* sums, int64_t channels, int8_t* out);
void RunRequantize(const Requantize& by, const int32_t* sums, int64_t channels, uint8_t* out);
void RunRequantize(const Requantize& by, const int32_t* sums, int64_t channels, int16_t* out);

}  // namespace safelight::kernels
