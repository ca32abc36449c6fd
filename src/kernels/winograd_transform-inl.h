// SPDX-License-Identifier: Apache-2.0
//
// The transforms of Winograd's F(4x4, 3x3) and F(2x2, 5x5) for one SIMD target: tiles of 6x6 inputs to 36 points,
// products at the points to tiles of 4x4 or 2x2 outputs. winograd.cc includes it once per target. Channels are lanes.
#include <hwy/highway.h>

#include <algorithm>
#include <cstring>

#include "kernels/limits-inl.h"
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

constexpr int64_t kPoints = 36;
constexpr int64_t kLine = 16;  // floats of a cache line

// Tiles lie together in groups, as many as a micro-kernel multiplies at a time: a constant, so that the transforms and
// the micro-kernels address all that they touch at constant distances from one pointer.
constexpr int64_t kGroup = 12;

// How channels lie in vectors, and a group in memory at the points: [vector][point][tile][lane]. The last vector
// overlaps the one before it rather than reach past the last channel; fewer channels than lanes are one vector that is
// loaded and stored through a copy.
struct Lanes {
  int64_t channels, lanes, vectors;
  int64_t step;      // from vector to vector: a cache line more than they take, against conflicts in L1
  int64_t repeated;  // lanes of the last vector that the one before it has, too
  Lanes(int64_t channels, int64_t lanes)
      : channels(channels),
        lanes(lanes),
        vectors((channels + lanes - 1) / lanes),
        step(RoundUp(kPoints * kGroup * lanes, kLine) + kLine),
        repeated(vectors > 1 ? vectors * lanes - channels : 0) {}
  int64_t floats() const { return vectors * step; }
  int64_t start(int64_t vector) const { return vector * lanes - (vector + 1 == vectors ? repeated : 0); }
};
// Inputs are read in wide vectors if all of these lie within cache lines; pixels of 28 channels do better with two
// loads of half a line each than with one that is across two lines.
Lanes InLanes(int64_t channels) {
  const int64_t wide = static_cast<int64_t>(hn::Lanes(Wide())), narrow = static_cast<int64_t>(hn::Lanes(Narrow()));
  return {channels, channels % wide == 0 ? wide : narrow};
}

// Outputs are made in wide vectors if these do not have more lanes in all: lanes cost products.
Lanes OutLanes(int64_t channels) {
  const int64_t wide = static_cast<int64_t>(hn::Lanes(Wide())), narrow = static_cast<int64_t>(hn::Lanes(Narrow()));
  return {channels, wide <= channels && RoundUp(channels, wide) == RoundUp(channels, narrow) ? wide : narrow};
}

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

// `tiles` neighbouring tiles of a group and one vector of input channels, into two rows of six points each. Tiles are
// kOuts pixels apart; the columns that two of them share are transformed once.
template <int kPair, int kOuts, class D>
HWY_INLINE void InputPass(D d, const float* const* rows, int64_t step, int64_t tiles, float* HWY_RESTRICT to) {
  using V = hn::Vec<D>;
  constexpr int64_t kLanes = hn::MaxLanes(D()), kStep = kGroup * kLanes;
  const float* row[6];
#pragma GCC unroll 6
  for (int y = 0; y < 6; ++y) row[y] = rows[y];
  V a[6], b[6];
  const auto column = [&](int64_t x, V & first, V & second) HWY_ATTR __attribute__((always_inline)) {
    const auto load = [&](int y) HWY_ATTR __attribute__((always_inline)) { return hn::LoadU(d, row[y] + x * step); };
    ToPoints<kPair>(d, load, first, second);
  };
  constexpr int kShared = 6 - kOuts;
#pragma GCC unroll 6
  for (int i = 0; i < kShared; ++i) column(i, a[kOuts + i], b[kOuts + i]);
  for (int64_t t = 0; t < tiles; ++t, to += kLanes) {
#pragma GCC unroll 6
    for (int i = 0; i < kShared; ++i) a[i] = a[kOuts + i], b[i] = b[kOuts + i];
#pragma GCC unroll 6
    for (int i = kShared; i < 6; ++i) column(i, a[i], b[i]);
    const auto across = [&](const V* from, int64_t point) HWY_ATTR __attribute__((always_inline)) {
      const auto x = [&](int i) HWY_ATTR { return from[i]; };
      float* HWY_RESTRICT out = to + point * kStep;
      V p, q;
      ToPoints<0>(d, x, p, q);
      hn::StoreU(p, d, out + kStep), hn::StoreU(q, d, out + 2 * kStep);
      ToPoints<1>(d, x, p, q);
      hn::StoreU(p, d, out + 3 * kStep), hn::StoreU(q, d, out + 4 * kStep);
      ToPoints<2>(d, x, p, q);
      hn::StoreU(p, d, out), hn::StoreU(q, d, out + 5 * kStep);
    };
    across(a, kPairPoint[kPair][0] * 6);
    across(b, kPairPoint[kPair][1] * 6);
#pragma GCC unroll 6
    for (int y = 0; y < 6; ++y) row[y] += kOuts * step;
  }
}

template <int kOuts, class D>
void InputTiles(D d, int64_t channels, const float* const* rows, int64_t step, int64_t tiles, float* to) {
  const Lanes in(channels, hn::MaxLanes(D()));
  for (int64_t v = 0; v < in.vectors; ++v, to += in.step) {
    const float* shifted[6];
    for (int i = 0; i < 6; ++i) shifted[i] = rows[i] + in.start(v);
    InputPass<0, kOuts>(d, shifted, step, tiles, to);
    InputPass<1, kOuts>(d, shifted, step, tiles, to);
    InputPass<2, kOuts>(d, shifted, step, tiles, to);
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

// What is done to the outputs beyond bias and limits.
struct Uses {
  bool before, slopes, after;  // the residual before the activation, slopes, the residual after it
};

template <class D>
struct Finish {
  hn::Vec<D> bias, slope, low, high;
  HWY_INLINE hn::Vec<D> Apply(const Uses& uses, hn::Vec<D> y, hn::Vec<D> residual) const {
    const D d;
    y = hn::Add(y, bias);
    if (uses.before) y = hn::Add(y, residual);
    if (uses.slopes) y = hn::IfThenElse(hn::Lt(y, hn::Zero(d)), hn::Mul(y, slope), y);
    y = Limited(y, low, high);
    return uses.after ? hn::Add(y, residual) : y;
  }
};

// The first `count` lanes, at most all.
template <class D>
hn::Vec<D> LoadFew(D d, const float* from, int64_t count) {
  constexpr int64_t kLanes = hn::MaxLanes(D());
  if (count >= kLanes) return hn::LoadU(d, from);
  HWY_ALIGN float buffer[kLanes] = {};
  std::memcpy(buffer, from, static_cast<size_t>(count) * sizeof(float));
  return hn::Load(d, buffer);
}

// Half of a tile of 4x4: rows 0 and 2, or 1 and 3. put(row, column, value) takes the outputs.
template <bool kOdd, class D, class Put>
HWY_INLINE void OutputPass(D d, const float* HWY_RESTRICT from, const Put& put) {
  using V = hn::Vec<D>;
  constexpr int64_t kLanes = hn::MaxLanes(D());
  V a[6], b[6];
#pragma GCC unroll 6
  for (int i = 0; i < 6; ++i) {
    const auto load = [&](int y) HWY_ATTR { return hn::LoadU(d, from + (y * 6 + i) * kGroup * kLanes); };
    FromPoints<kOdd>(d, load, a[i], b[i]);
  }
  const auto across = [&](const V* values, int row) HWY_ATTR __attribute__((always_inline)) {
    const auto value = [&](int i) HWY_ATTR { return values[i]; };
    V p, q;
    FromPoints<false>(d, value, p, q);
    put(row, 0, p), put(row, 2, q);
    FromPoints<true>(d, value, p, q);
    put(row, 1, p), put(row, 3, q);
  };
  across(a, kOdd ? 1 : 0);
  across(b, kOdd ? 3 : 2);
}

// Both of two outputs, from six values at the points.
template <class D, class Load, class V = hn::Vec<D>>
HWY_INLINE void BothFromPoints(D d, const Load& x, V& first, V& second) {
  const V root = hn::Set(d, 1.41421356237309505f), half_root = hn::Set(d, 0.70710678118654752f);
  const V x1 = x(1), x2 = x(2), x3 = x(3), x4 = x(4);
  first = hn::MulAdd(hn::Add(x3, x4), half_root, hn::MulAdd(hn::Add(x1, x2), root, x(0)));
  second = hn::Add(hn::Add(hn::Sub(x1, x2), hn::Sub(x3, x4)), x(5));
}

template <int kOuts, class D, class Put>
HWY_INLINE void OutputTile(D d, const float* HWY_RESTRICT from, const Put& put) {
  if constexpr (kOuts == 4) {
    OutputPass<false>(d, from, put);
    OutputPass<true>(d, from, put);
  } else {
    using V = hn::Vec<D>;
    V rows[2][6];
#pragma GCC unroll 6
    for (int i = 0; i < 6; ++i) {
      const auto load = [&](int y) HWY_ATTR { return hn::LoadU(d, from + (y * 6 + i) * kGroup * hn::MaxLanes(D())); };
      BothFromPoints(d, load, rows[0][i], rows[1][i]);
    }
#pragma GCC unroll 2
    for (int row = 0; row < 2; ++row) {
      V p, q;
      BothFromPoints(
          d, [&](int i) HWY_ATTR { return rows[row][i]; }, p, q);
      put(row, 0, p), put(row, 1, q);
    }
  }
}

// Tiles of which all is wanted and all lanes are channels. What they need is in local variables: the compiler thinks
// that a store of a vector may change anything else.
template <Uses uses, int kOuts, class D>
HWY_NOINLINE void WholeTiles(D d, const float* HWY_RESTRICT from, const WinogradStrip& s, int64_t channel,
                             const Finish<D>& given, int64_t first, int64_t count) {
  constexpr int64_t kLanes = hn::MaxLanes(D());
  constexpr bool kResidual = uses.before || uses.after;
  const Finish<D> finish = given;
  const int64_t step = s.out_step, residual_step = s.residual_step;
  float* to[kOuts];
  const float* residual[kOuts];
#pragma GCC unroll 4
  for (int i = 0; i < kOuts; ++i) {
    to[i] = s.out[i] + kOuts * first * step + channel;
    if constexpr (kResidual) residual[i] = s.residual[i] + kOuts * first * residual_step + channel;
  }
  const auto put = [&](int row, int64_t column, hn::Vec<D> y) HWY_ATTR __attribute__((always_inline)) {
    hn::Vec<D> other = hn::Zero(d);
    if constexpr (kResidual) other = hn::LoadU(d, residual[row] + column * residual_step);
    hn::StoreU(finish.Apply(uses, y, other), d, to[row] + column * step);
  };
  for (int64_t t = 0; t < count; ++t, from += kLanes) {
    OutputTile<kOuts>(d, from, put);
#pragma GCC unroll 4
    for (int i = 0; i < kOuts; ++i) {
      to[i] += kOuts * step;
      if constexpr (kResidual) residual[i] += kOuts * residual_step;
    }
  }
}

// Tiles of which a part is wanted, or fewer channels than lanes.
template <int kOuts, class D>
HWY_NOINLINE void PartTiles(D d, const Uses& uses, const float* HWY_RESTRICT from, const WinogradStrip& s,
                            int64_t channel, int64_t channels, const Finish<D>& finish, int64_t first, int64_t end) {
  constexpr int64_t kLanes = hn::MaxLanes(D());
  for (int64_t j = first; j < end; ++j, from += kLanes) {
    HWY_ALIGN float tile[kOuts * kOuts * kLanes];
    const auto put = [&](int row, int64_t column, hn::Vec<D> y)
                         HWY_ATTR { hn::Store(y, d, tile + (row * kOuts + column) * kLanes); };
    OutputTile<kOuts>(d, from, put);
    for (int64_t i = 0; i < kOuts * kOuts; ++i) {
      const int64_t row = i / kOuts, x = kOuts * j + i % kOuts;
      if (s.out[row] == nullptr || x < s.x_begin || x >= s.x_end) continue;
      hn::Vec<D> other = hn::Zero(d);
      if (uses.before || uses.after) other = LoadFew(d, s.residual[row] + x * s.residual_step + channel, channels);
      float* const value = tile + i * kLanes;
      hn::Store(finish.Apply(uses, hn::Load(d, value), other), d, value);
      std::memcpy(s.out[row] + x * s.out_step + channel, value, static_cast<size_t>(channels) * sizeof(float));
    }
  }
}

// Tiles [first, first + count) of the strip, a group, from their products.
template <int kOuts, class D>
void Outputs(D d, const WinogradSize& size, const WinogradStrip& s, const float* bias, int64_t first, int64_t count,
             const float* from) {
  const bool residual = std::count(s.residual, s.residual + kOuts, nullptr) < kOuts, slopes = s.slopes != nullptr;
  const bool before = residual && s.residual_use == WinogradResidual::kBeforeActivation, after = residual && !before;
  // With a residual, no slopes are slopes of 1.
  const Uses uses{before, slopes || residual, after};
  const auto whole_tiles = before        ? WholeTiles<Uses{true, true, false}, kOuts, D>
                           : after       ? WholeTiles<Uses{false, true, true}, kOuts, D>
                           : uses.slopes ? WholeTiles<Uses{false, true, false}, kOuts, D>
                                         : WholeTiles<Uses{false, false, false}, kOuts, D>;
  const Lanes out(size.out_channels, hn::MaxLanes(D()));
  const int64_t end = first + count, channels = std::min(out.channels, out.lanes);
  const bool whole = out.channels >= out.lanes && std::find(s.out, s.out + kOuts, nullptr) == s.out + kOuts;
  const int64_t whole_begin = whole ? std::clamp((s.x_begin + kOuts - 1) / kOuts, first, end) : end;
  const int64_t whole_end = std::clamp(s.x_end / kOuts, whole_begin, end);
  for (int64_t v = 0; v < out.vectors; ++v, from += out.step) {
    const int64_t channel = out.start(v);
    Finish<D> finish{hn::LoadU(d, bias + v * out.lanes), hn::Set(d, 1.0f), hn::Set(d, s.low), hn::Set(d, s.high)};
    if (slopes) finish.slope = LoadFew(d, s.slopes + channel, channels);
    const auto at = [&](int64_t tile) { return from + (tile - first) * out.lanes; };
    PartTiles<kOuts>(d, uses, from, s, channel, channels, finish, first, whole_begin);
    whole_tiles(d, at(whole_begin), s, channel, finish, whole_begin, whole_end - whole_begin);
    PartTiles<kOuts>(d, uses, at(whole_end), s, channel, channels, finish, whole_end, end);
  }
}

}  // namespace safelight::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
