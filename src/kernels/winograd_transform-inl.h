// SPDX-License-Identifier: Apache-2.0
//
// The transforms of Winograd's F(4x4, 3x3) for one SIMD target: tiles of 6x6 inputs to 36 points, products at the
// points to tiles of 4x4 outputs. winograd.cc includes it once per target. Channels are the lanes.
#include <hwy/highway.h>

#include <algorithm>
#include <cstring>

#include "kernels/winograd.h"

// Included once per target, so an include guard that Highway toggles.
#if defined(SAFELIGHT_KERNELS_WINOGRAD_TRANSFORM_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef SAFELIGHT_KERNELS_WINOGRAD_TRANSFORM_INL_H_
#undef SAFELIGHT_KERNELS_WINOGRAD_TRANSFORM_INL_H_
#else
#define SAFELIGHT_KERNELS_WINOGRAD_TRANSFORM_INL_H_
#endif

HWY_BEFORE_NAMESPACE();
namespace safelight::kernels::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// Vectors of at most 64 bytes: their number of lanes is a constant, and arrays of them stay in registers.
using Wide = hn::CappedTag<float, 16>;
using Narrow = hn::CappedTag<float, 8>;

int64_t RoundUp(int64_t x, int64_t to) { return (x + to - 1) / to * to; }

// Vectors of the widest kind that does not make more lanes in all.
bool UsesWide(int64_t channels) {
  const int64_t wide = static_cast<int64_t>(hn::Lanes(Wide())), narrow = static_cast<int64_t>(hn::Lanes(Narrow()));
  return wide <= channels && RoundUp(channels, wide) == RoundUp(channels, narrow);
}

// How channels lie in vectors. The last vector overlaps the one before it rather than reach past the last channel;
// fewer channels than lanes are one vector that is loaded and stored through a copy.
struct Lanes {
  int64_t channels, lanes;
  int64_t vectors() const { return (channels + lanes - 1) / lanes; }
  int64_t start(int64_t vector) const { return std::min(vector * lanes, std::max<int64_t>(channels - lanes, 0)); }
};
Lanes LanesOf(int64_t channels) {
  return {channels, static_cast<int64_t>(UsesWide(channels) ? hn::Lanes(Wide()) : hn::Lanes(Narrow()))};
}

constexpr int64_t kPoints = 36;

// Two of the six values at the points, from six in a row: kPair 0 is points +-sqrt(1/2), 1 is +-sqrt(2), 2 is 0 and
// infinity. What a pair has in common is shared. x(i) loads the i-th value.
template <int kPair, class D, class Load, class V = hn::Vec<D>>
HWY_INLINE void ToPoints(D d, const Load& x, V& first, V& second) {
  if constexpr (kPair == 2) {
    const V middle = hn::Set(d, -2.5f);
    first = hn::MulAdd(x(2), middle, hn::Add(x(0), x(4)));
    second = hn::MulAdd(x(3), middle, hn::Add(x(1), x(5)));
  } else {
    const V root = hn::Set(d, static_cast<float>(kPair == 0 ? 0.70710678118654752 : 1.41421356237309505));
    const V square = hn::Set(d, kPair == 0 ? -2.0f : -0.5f);
    const V even = hn::MulAdd(x(2), square, x(4)), odd = hn::MulAdd(x(1), square, x(3));
    first = hn::MulAdd(odd, root, even);
    second = hn::NegMulAdd(odd, root, even);
  }
}
constexpr int kPairPoint[3][2] = {{1, 2}, {3, 4}, {0, 5}};

// `tiles` neighbouring tiles of one vector of input channels, into two rows of six points each. The columns that two
// tiles share are transformed once.
template <int kPair, class D>
HWY_INLINE void InputPass(D d, const float* const* rows, int64_t step, int64_t tiles, float* HWY_RESTRICT to,
                          int64_t to_step, int64_t plane) {
  using V = hn::Vec<D>;
  V a[6], b[6];
  const auto column = [&](int i, int64_t x, V& first, V& second) HWY_ATTR {
    (void)i;
    ToPoints<kPair>(
        d, [&](int y) HWY_ATTR { return hn::LoadU(d, rows[y] + x * step); }, first, second);
  };
  column(4, 0, a[4], b[4]);
  column(5, 1, a[5], b[5]);
  float* const to_a = to + kPairPoint[kPair][0] * 6 * plane;
  float* const to_b = to + kPairPoint[kPair][1] * 6 * plane;
  for (int64_t t = 0; t < tiles; ++t) {
    a[0] = a[4], a[1] = a[5], b[0] = b[4], b[1] = b[5];
    column(2, 4 * t + 2, a[2], b[2]);
    column(3, 4 * t + 3, a[3], b[3]);
    column(4, 4 * t + 4, a[4], b[4]);
    column(5, 4 * t + 5, a[5], b[5]);
    const auto across = [&](const V* from, float* HWY_RESTRICT out) HWY_ATTR __attribute__((always_inline)) {
      const auto x = [&](int i) HWY_ATTR { return from[i]; };
      V p, q;
      ToPoints<0>(d, x, p, q);
      hn::StoreU(p, d, out + plane), hn::StoreU(q, d, out + 2 * plane);
      ToPoints<1>(d, x, p, q);
      hn::StoreU(p, d, out + 3 * plane), hn::StoreU(q, d, out + 4 * plane);
      ToPoints<2>(d, x, p, q);
      hn::StoreU(p, d, out), hn::StoreU(q, d, out + 5 * plane);
    };
    across(a, to_a + t * to_step);
    across(b, to_b + t * to_step);
  }
}

template <class D>
void InputTiles(D d, int64_t channels, const float* const* rows, int64_t step, int64_t tiles, float* to,
                int64_t to_step, int64_t plane) {
  const Lanes in{channels, static_cast<int64_t>(hn::MaxLanes(D()))};
  for (int64_t v = 0; v < in.vectors(); ++v) {
    const int64_t start = in.start(v);
    const float* shifted[6];
    for (int i = 0; i < 6; ++i) shifted[i] = rows[i] + start;
    InputPass<0>(d, shifted, step, tiles, to + start, to_step, plane);
    InputPass<1>(d, shifted, step, tiles, to + start, to_step, plane);
    InputPass<2>(d, shifted, step, tiles, to + start, to_step, plane);
  }
}

// Outputs 0 and 2 (kOdd false) or 1 and 3 of four, from six values at the points.
template <bool kOdd, class D, class Load, class V = hn::Vec<D>>
HWY_INLINE void FromPoints(D d, const Load& x, V& first, V& second) {
  const V x1 = x(1), x2 = x(2), x3 = x(3), x4 = x(4);
  if constexpr (kOdd) {
    const V small = hn::Sub(x1, x2), large = hn::Sub(x3, x4);
    first = hn::Add(small, large);
    second = hn::MulAdd(large, hn::Set(d, 2.0f), hn::MulAdd(small, hn::Set(d, 0.5f), x(5)));
  } else {
    const V root = hn::Set(d, 1.41421356237309505f), half_root = hn::Set(d, 0.70710678118654752f);
    const V small = hn::Add(x1, x2), large = hn::Add(x3, x4);
    first = hn::MulAdd(large, half_root, hn::MulAdd(small, root, x(0)));
    second = hn::MulAdd(large, root, hn::Mul(small, half_root));
  }
}

// Where the values of one vector of output channels come from and go to.
template <class D>
struct Store {
  static constexpr int64_t kLanes = hn::MaxLanes(D());
  const WinogradStrip& s;
  int64_t channel;
  int64_t channels;  // from there on, at most kLanes
  hn::Vec<D> bias, slope, low, high;

  hn::Vec<D> LoadChannels(const float* from) const {
    if (channels == kLanes) return hn::LoadU(D(), from);
    HWY_ALIGN float buffer[kLanes] = {};
    std::memcpy(buffer, from, static_cast<size_t>(channels) * sizeof(float));
    return hn::Load(D(), buffer);
  }

  template <bool kWhole>
  HWY_INLINE void Put(int row, int64_t x, hn::Vec<D> y) const {
    const D d;
    if (!kWhole && (s.out[row] == nullptr || x < s.x_begin || x >= s.x_end)) return;
    y = hn::Add(y, bias);
    hn::Vec<D> residual = hn::Zero(d);
    if (s.residual[row] != nullptr) residual = LoadChannels(s.residual[row] + x * s.residual_step + channel);
    const bool before = s.residual_use == WinogradResidual::kBeforeActivation;
    if (s.residual[row] != nullptr && before) y = hn::Add(y, residual);
    if (s.slopes != nullptr) y = hn::IfThenElse(hn::Lt(y, hn::Zero(d)), hn::Mul(y, slope), y);
    y = hn::Min(high, hn::Max(low, y));
    if (s.residual[row] != nullptr && !before) y = hn::Add(y, residual);
    float* const to = s.out[row] + x * s.out_step + channel;
    if (channels == kLanes) return hn::StoreU(y, d, to);
    HWY_ALIGN float buffer[kLanes];
    hn::Store(y, d, buffer);
    std::memcpy(to, buffer, static_cast<size_t>(channels) * sizeof(float));
  }
};

template <bool kOdd, bool kWhole, class D>
HWY_INLINE void OutputPass(D d, const float* HWY_RESTRICT from, int64_t plane, const Store<D>& store, int64_t x) {
  using V = hn::Vec<D>;
  V a[6], b[6];
#pragma GCC unroll 6
  for (int i = 0; i < 6; ++i) {
    FromPoints<kOdd>(
        d, [&](int y) HWY_ATTR { return hn::LoadU(d, from + (y * 6 + i) * plane); }, a[i], b[i]);
  }
  const auto across = [&](const V* values, int row) HWY_ATTR __attribute__((always_inline)) {
    const auto value = [&](int i) HWY_ATTR { return values[i]; };
    V p, q;
    FromPoints<false>(d, value, p, q);
    store.template Put<kWhole>(row, x, p), store.template Put<kWhole>(row, x + 2, q);
    FromPoints<true>(d, value, p, q);
    store.template Put<kWhole>(row, x + 1, p), store.template Put<kWhole>(row, x + 3, q);
  };
  across(a, kOdd ? 1 : 0);
  across(b, kOdd ? 3 : 2);
}

template <class D>
void Outputs(D d, const WinogradSize& size, const WinogradStrip& s, const float* bias, int64_t first, int64_t count,
             const float* from, int64_t from_step, int64_t plane) {
  const Lanes out{size.out_channels, static_cast<int64_t>(hn::MaxLanes(D()))};
  const bool all_rows = s.out[0] != nullptr && s.out[1] != nullptr && s.out[2] != nullptr && s.out[3] != nullptr;
  for (int64_t v = 0; v < out.vectors(); ++v) {
    Store<D> store{s,
                   out.start(v),
                   std::min(out.channels, out.lanes),
                   hn::LoadU(d, bias + v * out.lanes),
                   hn::Zero(d),
                   hn::Set(d, s.low),
                   hn::Set(d, s.high)};
    if (s.slopes != nullptr) store.slope = store.LoadChannels(s.slopes + store.channel);
    for (int64_t j = first; j < first + count; ++j) {
      const float* const tile = from + (j - first) * from_step + v * out.lanes;
      if (all_rows && 4 * j >= s.x_begin && 4 * j + 4 <= s.x_end) {
        OutputPass<false, true>(d, tile, plane, store, 4 * j);
        OutputPass<true, true>(d, tile, plane, store, 4 * j);
      } else {
        OutputPass<false, false>(d, tile, plane, store, 4 * j);
        OutputPass<true, false>(d, tile, plane, store, 4 * j);
      }
    }
  }
}

}  // namespace safelight::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
