// SPDX-License-Identifier: Apache-2.0
//
// Exact products of quantized values, summed in 32 bits (modulo 2^32). Sums of integers have no order, so blocks,
// targets and tails agree by themselves.
//
// A group is four bytes of neighbouring inputs: two values of 16 bits, or four bytes where the CPU multiplies bytes
// without saturating. An output channel has four bytes of weights for each group. These are packed in blocks of 16
// output channels, the last of 8 where that is enough: [block][group][channel][4 bytes].
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace safelight::kernels {

// to[i] = from[i] - zero_point.
void Widen(const int8_t* from, int32_t zero_point, int64_t count, int16_t* to);
void Widen(const uint8_t* from, int32_t zero_point, int64_t count, int16_t* to);
void Widen(const int16_t* from, int32_t zero_point, int64_t count, int16_t* to);
// to[i] = from[i] with the highest bit turned over: int8 as uint8, 128 more, and back.
void FlipSigns(const uint8_t* from, int64_t count, uint8_t* to);

// `groups` groups of inputs at `in` meet the weights from group `group` on.
struct IntRun {
  const void* in;
  int64_t group;
  int64_t groups;
};
struct IntPixels {
  const IntRun* runs = nullptr;
  int64_t num_runs = 0;
  int64_t in_step = 0;  // bytes from pixel to pixel
  int64_t pixels = 0;
  int32_t* sums = nullptr;  // PaddedChannels of each pixel
};

// One way to multiply.
struct IntProduct {
  const char* name;
  int64_t values;     // of a group: 2 of int16, or 4 bytes
  bool signed_bytes;  // of 4: they are int8, otherwise uint8; weights are int8
  // `groups`: those of a whole filter.
  void (*run)(int64_t out_channels, int64_t groups, const std::byte* packed, const IntPixels& pixels);
};
const IntProduct& PairProduct();   // two values of 16 bits, on any CPU
const IntProduct* BytesProduct();  // four bytes; null where the CPU has no such instruction
// All that this CPU can run.
std::vector<IntProduct> AllIntProducts();

// Channels that sums are made for: a multiple of 8.
int64_t PaddedChannels(int64_t out_channels);
// `weights` is [out][values * groups].
size_t IntPackedBytes(int64_t out_channels, int64_t groups);
void PackInt(int64_t values, int64_t out_channels, int64_t groups, const int16_t* weights, std::byte* packed);

}  // namespace safelight::kernels
