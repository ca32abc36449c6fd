// SPDX-License-Identifier: Apache-2.0
#include "kernels/depthwise.h"

#include <algorithm>
#include <cstring>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/depthwise.cc"
#include <hwy/foreach_target.h>
// Must come after foreach_target.h.
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace safelight::kernels::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

constexpr int kTile = 8;  // pixels at once

// One vector of channels from `c` on, of `count` pixels from `first` on.
template <class D, int count>
HWY_INLINE void Tile(D d, const DepthwisePixels& p, int64_t first, int64_t c) {
  hn::Vec<D> sum[count];
#pragma GCC unroll 8
  for (int i = 0; i < count; ++i) sum[i] = p.bias != nullptr ? hn::LoadU(d, p.bias + c) : hn::Zero(d);
  for (int64_t t = 0; t < p.num_taps; ++t) {
    const float* in = p.taps[t].in + first * p.in_step + c;
    const hn::Vec<D> weight = hn::LoadU(d, p.taps[t].weights + c);
#pragma GCC unroll 8
    for (int i = 0; i < count; ++i) sum[i] = hn::MulAdd(hn::LoadU(d, in + i * p.in_step), weight, sum[i]);
  }
  const hn::Vec<D> low = hn::Set(d, p.low), high = hn::Set(d, p.high);
#pragma GCC unroll 8
  for (int i = 0; i < count; ++i) {
    hn::StoreU(hn::Min(high, hn::Max(low, sum[i])), d, p.out + (first + i) * p.out_step + c);
  }
}

// Requires as many channels as lanes: the last vector overlaps the one before it.
template <class D>
void RunLanes(D d, const DepthwisePixels& p) {
  const int64_t lanes = static_cast<int64_t>(hn::Lanes(d));
  for (int64_t next = 0; next < p.channels; next += lanes) {
    const int64_t c = std::min(next, p.channels - lanes);
    int64_t i = 0;
    for (; i + kTile <= p.pixels; i += kTile) Tile<D, kTile>(d, p, i, c);
    for (; i < p.pixels; ++i) Tile<D, 1>(d, p, i, c);
  }
}

// Fewer than four channels go through padded buffers and the same instructions.
void RunFew(const DepthwisePixels& p) {
  const hn::CappedTag<float, 4> d;
  constexpr size_t kLanes = hn::MaxLanes(hn::CappedTag<float, 4>());
  for (int64_t c = 0; c < p.channels; c += static_cast<int64_t>(kLanes)) {
    const size_t bytes = std::min(kLanes, static_cast<size_t>(p.channels - c)) * sizeof(float);
    for (int64_t i = 0; i < p.pixels; ++i) {
      float a[kLanes] = {}, b[kLanes] = {};
      if (p.bias != nullptr) std::memcpy(a, p.bias + c, bytes);
      auto sum = hn::LoadU(d, a);
      for (int64_t t = 0; t < p.num_taps; ++t) {
        std::memcpy(a, p.taps[t].in + i * p.in_step + c, bytes);
        std::memcpy(b, p.taps[t].weights + c, bytes);
        sum = hn::MulAdd(hn::LoadU(d, a), hn::LoadU(d, b), sum);
      }
      hn::StoreU(hn::Min(hn::Set(d, p.high), hn::Max(hn::Set(d, p.low), sum)), d, a);
      std::memcpy(p.out + i * p.out_step + c, a, bytes);
    }
  }
}

void Run(const DepthwisePixels& p) {
  const hn::CappedTag<float, 16> wide;
  const hn::CappedTag<float, 8> narrow;
  const hn::CappedTag<float, 4> least;
  if (p.channels >= static_cast<int64_t>(hn::Lanes(wide))) return RunLanes(wide, p);
  if (p.channels >= static_cast<int64_t>(hn::Lanes(narrow))) return RunLanes(narrow, p);
  if (p.channels >= static_cast<int64_t>(hn::Lanes(least))) return RunLanes(least, p);
  RunFew(p);
}

}  // namespace safelight::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace safelight::kernels {
namespace {
HWY_EXPORT(Run);
}  // namespace

void RunDepthwise(const DepthwisePixels& pixels) { HWY_DYNAMIC_DISPATCH(Run)(pixels); }

}  // namespace safelight::kernels
#endif  // HWY_ONCE
