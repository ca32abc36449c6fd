// SPDX-License-Identifier: Apache-2.0
#include "kernels/depthwise.h"

#include <algorithm>
#include <cstring>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/depthwise.cc"
#include <hwy/foreach_target.h>
// Must come after foreach_target.h.
#include <hwy/highway.h>

#include "kernels/limits-inl.h"

HWY_BEFORE_NAMESPACE();
namespace safelight::kernels::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

constexpr int kTile = 8;  // pixels at once

// A vector that several multiply-adds share. Left alone, GCC makes the load an operand of each, and 64-byte loads, one
// a cycle, would hold them up.
template <class D>
HWY_INLINE hn::Vec<D> LoadOnce(D d, const float* from) {
  hn::Vec<D> value = hn::LoadU(d, from);
#if HWY_TARGET <= HWY_SSE4
  __asm__("" : "+v"(value.raw));
#endif
  return value;
}

template <class D, int count>
HWY_INLINE void Start(D d, const DepthwisePixels& p, int64_t c, hn::Vec<D> (&sum)[count]) {
  const hn::Vec<D> bias = p.bias != nullptr ? hn::LoadU(d, p.bias + c) : hn::Zero(d);
#pragma GCC unroll 8
  for (int i = 0; i < count; ++i) sum[i] = bias;
}

template <class D, int count>
HWY_INLINE void Finish(D d, const DepthwisePixels& p, int64_t first, int64_t c, const hn::Vec<D> (&sum)[count]) {
  const hn::Vec<D> low = hn::Set(d, p.low), high = hn::Set(d, p.high);
  float* HWY_RESTRICT out = p.out + first * p.out_step + c;
#pragma GCC unroll 8
  for (int i = 0; i < count; ++i, out += p.out_step) hn::StoreU(Limited(sum[i], low, high), d, out);
}

// One vector of channels from `c` on, of `count` pixels from `first` on.
template <class D, int count>
HWY_INLINE void Tile(D d, const DepthwisePixels& p, int64_t first, int64_t c) {
  hn::Vec<D> sum[count];
  Start<D, count>(d, p, c, sum);
  for (int64_t r = 0; r < p.num_rows; ++r) {
    const float* HWY_RESTRICT in = p.rows[r].in + first * p.in_step + c;
    const float* HWY_RESTRICT weights = p.rows[r].weights + c;
    for (int64_t t = 0; t < p.taps; ++t, in += p.tap_step, weights += p.weight_step) {
      const hn::Vec<D> weight = hn::LoadU(d, weights);
#pragma GCC unroll 8
      for (int i = 0; i < count; ++i) sum[i] = hn::MulAdd(hn::LoadU(d, in + i * p.in_step), weight, sum[i]);
    }
  }
  Finish<D, count>(d, p, first, c, sum);
}

// The same where in_step is `stride` times tap_step: an input is loaded once and meets all the outputs that it can.
template <class D, int taps, int stride, int count>
HWY_INLINE void SlidingTile(D d, const DepthwisePixels& p, int64_t first, int64_t c) {
  hn::Vec<D> sum[count];
  Start<D, count>(d, p, c, sum);
  for (int64_t r = 0; r < p.num_rows; ++r) {
    const float* HWY_RESTRICT in = p.rows[r].in + first * p.in_step + c;
    hn::Vec<D> weight[taps];
#pragma GCC unroll 5
    for (int t = 0; t < taps; ++t) weight[t] = hn::LoadU(d, p.rows[r].weights + c + t * p.weight_step);
#pragma GCC unroll 24
    for (int x = 0; x < (count - 1) * stride + taps; ++x, in += p.tap_step) {
      const hn::Vec<D> value = LoadOnce(d, in);
#pragma GCC unroll 8
      for (int i = 0; i < count; ++i) {
        const int t = x - i * stride;
        if (t >= 0 && t < taps) sum[i] = hn::MulAdd(value, weight[t], sum[i]);
      }
    }
  }
  Finish<D, count>(d, p, first, c, sum);
}

// Requires as many channels as lanes: the last vector overlaps the one before it.
template <class D>
void RunAny(D d, const DepthwisePixels& p) {
  const int64_t lanes = static_cast<int64_t>(hn::Lanes(d));
  for (int64_t next = 0; next < p.channels; next += lanes) {
    const int64_t c = std::min(next, p.channels - lanes);
    int64_t i = 0;
    for (; i + kTile <= p.pixels; i += kTile) Tile<D, kTile>(d, p, i, c);
    for (; i < p.pixels; ++i) Tile<D, 1>(d, p, i, c);
  }
}

template <class D, int taps, int stride>
void RunSliding(D d, const DepthwisePixels& p) {
  const int64_t lanes = static_cast<int64_t>(hn::Lanes(d));
  for (int64_t next = 0; next < p.channels; next += lanes) {
    const int64_t c = std::min(next, p.channels - lanes);
    int64_t i = 0;
    for (; i + kTile <= p.pixels; i += kTile) SlidingTile<D, taps, stride, kTile>(d, p, i, c);
    if (i + kTile / 2 <= p.pixels) {
      SlidingTile<D, taps, stride, kTile / 2>(d, p, i, c);
      i += kTile / 2;
    }
    for (; i < p.pixels; ++i) SlidingTile<D, taps, stride, 1>(d, p, i, c);
  }
}

template <class D>
void RunLanes(D d, const DepthwisePixels& p) {
  const int64_t stride = p.in_step == p.tap_step ? 1 : p.in_step == 2 * p.tap_step ? 2 : 0;
  if (p.taps == 3 && stride == 1) return RunSliding<D, 3, 1>(d, p);
  if (p.taps == 3 && stride == 2) return RunSliding<D, 3, 2>(d, p);
  if (p.taps == 5 && stride == 1) return RunSliding<D, 5, 1>(d, p);
  if (p.taps == 5 && stride == 2) return RunSliding<D, 5, 2>(d, p);
  RunAny(d, p);
}

// Fewer than four channels whose pixels have gaps go through padded buffers and the same instructions.
void RunFew(const DepthwisePixels& p) {
  const hn::CappedTag<float, 4> d;
  constexpr size_t kLanes = hn::MaxLanes(hn::CappedTag<float, 4>());
  for (int64_t c = 0; c < p.channels; c += static_cast<int64_t>(kLanes)) {
    const size_t bytes = std::min(kLanes, static_cast<size_t>(p.channels - c)) * sizeof(float);
    for (int64_t i = 0; i < p.pixels; ++i) {
      float a[kLanes] = {}, b[kLanes] = {};
      if (p.bias != nullptr) std::memcpy(a, p.bias + c, bytes);
      auto sum = hn::LoadU(d, a);
      for (int64_t t = 0; t < p.num_rows * p.taps; ++t) {
        const DepthwiseRow& row = p.rows[t / p.taps];
        std::memcpy(a, row.in + i * p.in_step + t % p.taps * p.tap_step + c, bytes);
        std::memcpy(b, row.weights + t % p.taps * p.weight_step + c, bytes);
        sum = hn::MulAdd(hn::LoadU(d, a), hn::LoadU(d, b), sum);
      }
      hn::StoreU(Limited(sum, hn::Set(d, p.low), hn::Set(d, p.high)), d, a);
      std::memcpy(p.out + i * p.out_step + c, a, bytes);
    }
  }
}

constexpr int64_t kFlatTaps = 49;  // 7x7; more take the other way

// Weights and bias of every lane, for pixels that lie next to each other: their channels take turns in the lanes.
template <int channels>
struct FlatWeights {
  static constexpr size_t kLanes = 16;
  HWY_ALIGN float weights[kFlatTaps * channels * kLanes];
  HWY_ALIGN float bias[channels * kLanes];

  FlatWeights(const DepthwisePixels& p, int64_t lanes) {
    const float none[channels] = {};
    Repeat(p.bias != nullptr ? p.bias : none, lanes, bias);
    float* to = weights;
    for (int64_t r = 0; r < p.num_rows; ++r) {
      for (int64_t t = 0; t < p.taps; ++t, to += channels * lanes) {
        Repeat(p.rows[r].weights + t * p.weight_step, lanes, to);
      }
    }
  }
  static void Repeat(const float* from, int64_t times, float* to) {
    float kept[channels];
    std::copy(from, from + channels, kept);
    for (int64_t i = 0; i < times; ++i, to += channels) std::copy(kept, kept + channels, to);
  }
};

// `turns` times a vector for each channel, from element `first` on.
template <class D, int channels, int turns>
HWY_INLINE void FlatTile(D d, const DepthwisePixels& p, const FlatWeights<channels>& flat, int64_t first) {
  constexpr int kVectors = channels * turns;
  const int64_t lanes = static_cast<int64_t>(hn::Lanes(d));
  hn::Vec<D> sum[kVectors];
#pragma GCC unroll 8
  for (int v = 0; v < kVectors; ++v) sum[v] = hn::Load(d, flat.bias + v % channels * lanes);
  const float* weights = flat.weights;
  for (int64_t r = 0; r < p.num_rows; ++r) {
    const float* in = p.rows[r].in + first;
    for (int64_t t = 0; t < p.taps; ++t, in += p.tap_step, weights += channels * lanes) {
#pragma GCC unroll 8
      for (int v = 0; v < kVectors; ++v) {
        sum[v] = hn::MulAdd(hn::LoadU(d, in + v * lanes), hn::Load(d, weights + v % channels * lanes), sum[v]);
      }
    }
  }
  const hn::Vec<D> low = hn::Set(d, p.low), high = hn::Set(d, p.high);
#pragma GCC unroll 8
  for (int v = 0; v < kVectors; ++v) hn::StoreU(Limited(sum[v], low, high), d, p.out + first + v * lanes);
}

// One to three channels, pixels without gaps on both sides: a row is one long run of elements. The last tile overlaps
// the one before it. False where there are too few elements.
template <int channels, int turns>
bool RunFlat(const DepthwisePixels& p) {
  const hn::CappedTag<float, 16> d;
  const int64_t lanes = static_cast<int64_t>(hn::Lanes(d)), total = p.pixels * channels, turn = channels * lanes;
  if (p.in_step != channels || p.out_step != channels || total < turn || p.num_rows * p.taps > kFlatTaps) return false;
  const FlatWeights<channels> flat(p, lanes);
  int64_t e = 0;
  for (; e + turns * turn <= total; e += turns * turn) FlatTile<decltype(d), channels, turns>(d, p, flat, e);
  for (; e + turn <= total; e += turn) FlatTile<decltype(d), channels, 1>(d, p, flat, e);
  if (e < total) FlatTile<decltype(d), channels, 1>(d, p, flat, total - turn);
  return true;
}

void Run(const DepthwisePixels& p) {
  if (p.channels == 1 && RunFlat<1, 8>(p)) return;
  if (p.channels == 2 && RunFlat<2, 4>(p)) return;
  if (p.channels == 3 && RunFlat<3, 2>(p)) return;
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
