// SPDX-License-Identifier: Apache-2.0
//
// Depthwise products of quantized values of 16 bits, two taps at a time, summed in 32 bits (modulo 2^32).
#pragma once

#include <cstddef>
#include <cstdint>

namespace safelight::kernels {

// Channels that sums are made for, and that may be read at each tap: a multiple of 16.
int64_t PaddedDepthwise(int64_t channels);
// Bytes of the packed weights, and the packing of [tap][channel]. The weights of taps 2i and 2i + 1 begin at
// i * PaddedDepthwise(channels) * 4 bytes.
size_t IntDepthwiseBytes(int64_t taps, int64_t channels);
void PackIntDepthwise(int64_t taps, int64_t channels, const int16_t* weights, std::byte* packed);

struct IntDepthwise {
  int64_t taps = 0, channels = 0;
  const std::byte* weights = nullptr;
  // The values under each tap of the first pixel; one more, that may be any of them, where the number of taps is odd.
  const int16_t* const* in = nullptr;
  int64_t in_step = 0;  // values from pixel to pixel
  int64_t pixels = 0;
  int32_t* sums = nullptr;  // PaddedDepthwise of each pixel
};
void RunIntDepthwise(const IntDepthwise& of);

}  // namespace safelight::kernels
