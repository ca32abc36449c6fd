// SPDX-License-Identifier: Apache-2.0
#include "kernels/int_depthwise.h"

#include <cstring>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/int_depthwise.cc"
#include <hwy/foreach_target.h>
// Must come after foreach_target.h.
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace safelight::kernels::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

#if HWY_TARGET == HWY_SCALAR

void Sums(const IntDepthwise& of) {
  const int64_t padded = PaddedDepthwise(of.channels);
  for (int64_t i = 0; i < of.pixels * of.channels; ++i) {
    const int64_t pixel = i / of.channels, c = i % of.channels;
    uint32_t sum = 0;
    for (int64_t t = 0; t < of.taps; ++t) {
      int16_t weight;
      std::memcpy(&weight, of.weights + ((t / 2 * padded + c) * 2 + t % 2) * 2, 2);
      sum += static_cast<uint32_t>(of.in[t][pixel * of.in_step + c] * weight);
    }
    of.sums[pixel * padded + c] = static_cast<int32_t>(sum);
  }
}

#else

using Values = hn::CappedTag<int16_t, 16>;
constexpr int64_t kLanes = hn::MaxLanes(Values());

// kPixels pixels of the channels of one vector; `in` and `sums` are those of the first pixel.
template <int kPixels>
HWY_INLINE void Block(const IntDepthwise& of, int64_t padded, int64_t first, int64_t c, int32_t* sums) {
  const Values d;
  const hn::Repartition<int32_t, Values> d32;
  using V = hn::Vec<decltype(d32)>;
  V low[kPixels], low_rest[kPixels], high[kPixels], high_rest[kPixels];
#pragma GCC unroll 4
  for (int i = 0; i < kPixels; ++i) low[i] = low_rest[i] = high[i] = high_rest[i] = hn::Zero(d32);
  const int16_t* weights = reinterpret_cast<const int16_t*>(of.weights) + c * 2;
  const int64_t skip = first * of.in_step + c;
  for (int64_t t = 0; t < of.taps; t += 2, weights += padded * 2) {
    const int16_t *a = of.in[t] + skip, *b = of.in[t + 1] + skip;
    auto weights_low = hn::LoadU(d, weights), weights_high = hn::LoadU(d, weights + kLanes);
    if constexpr (kLanes == 16) {  // values interleave within halves of a vector
      const auto first_half = weights_low;
      weights_low = hn::ConcatLowerLower(d, weights_high, first_half);
      weights_high = hn::ConcatUpperUpper(d, weights_high, first_half);
    }
#pragma GCC unroll 4
    for (int i = 0; i < kPixels; ++i, a += of.in_step, b += of.in_step) {
      const auto x = hn::LoadU(d, a), y = hn::LoadU(d, b);
      low[i] = hn::ReorderWidenMulAccumulate(d32, hn::InterleaveLower(d, x, y), weights_low, low[i], low_rest[i]);
      high[i] = hn::ReorderWidenMulAccumulate(d32, hn::InterleaveUpper(d, x, y), weights_high, high[i], high_rest[i]);
    }
  }
#pragma GCC unroll 4
  for (int i = 0; i < kPixels; ++i) {
    const V l = hn::RearrangeToOddPlusEven(low[i], low_rest[i]), h = hn::RearrangeToOddPlusEven(high[i], high_rest[i]);
    int32_t* const to = sums + (first + i) * padded + c;
    if constexpr (kLanes == 16) {  // two parts of 8 channels, of which one vector has the lower halves
      hn::StoreU(hn::ConcatLowerLower(d32, h, l), d32, to);
      hn::StoreU(hn::ConcatUpperUpper(d32, h, l), d32, to + 8);
    } else {
      hn::StoreU(l, d32, to);
      hn::StoreU(h, d32, to + kLanes / 2);
    }
  }
}

void Sums(const IntDepthwise& of) {
  const int64_t padded = PaddedDepthwise(of.channels);
  for (int64_t c = 0; c < of.channels; c += kLanes) {
    int64_t i = 0;
    for (; i + 4 <= of.pixels; i += 4) Block<4>(of, padded, i, c, of.sums);
    for (; i < of.pixels; ++i) Block<1>(of, padded, i, c, of.sums);
  }
}

#endif  // HWY_TARGET == HWY_SCALAR

}  // namespace safelight::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace safelight::kernels {
namespace {
HWY_EXPORT(Sums);
}  // namespace

int64_t PaddedDepthwise(int64_t channels) { return (channels + 15) / 16 * 16; }

size_t IntDepthwiseBytes(int64_t taps, int64_t channels) {
  return static_cast<size_t>((taps + 1) / 2 * PaddedDepthwise(channels)) * 4;
}

// [pair of taps][channel][2]
void PackIntDepthwise(int64_t taps, int64_t channels, const int16_t* weights, std::byte* packed) {
  std::memset(packed, 0, IntDepthwiseBytes(taps, channels));
  const int64_t padded = PaddedDepthwise(channels);
  for (int64_t t = 0; t < taps; ++t) {
    for (int64_t c = 0; c < channels; ++c) {
      std::memcpy(packed + ((t / 2 * padded + c) * 2 + t % 2) * 2, weights + t * channels + c, 2);
    }
  }
}

void RunIntDepthwise(const IntDepthwise& of) { HWY_DYNAMIC_DISPATCH(Sums)(of); }

}  // namespace safelight::kernels
#endif  // HWY_ONCE
