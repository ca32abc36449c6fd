// SPDX-License-Identifier: Apache-2.0
#include "kernels/int_pixels.h"

#include <algorithm>
#include <limits>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/int_pixels.cc"
#include <hwy/foreach_target.h>
// Must come after foreach_target.h.
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace safelight::kernels::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

using Words = hn::CappedTag<int32_t, 16>;
using Floats = hn::Rebind<float, Words>;
using V = hn::Vec<Words>;
constexpr int64_t kLanes = hn::MaxLanes(Words());

// A vector of channels, of which `few` exist where it is not whole.
template <bool whole, typename T>
HWY_INLINE V LoadChannels(const T* from, int64_t few) {
  const Words d;
  const hn::Rebind<T, Words> own;
  if constexpr (whole) return hn::PromoteTo(d, hn::LoadU(own, from));
  T copy[16] = {};
  std::copy_n(from, few, copy);
  return hn::PromoteTo(d, hn::LoadU(own, copy));
}
template <bool whole, typename T>
HWY_INLINE void StoreChannels(V x, int64_t few, T* to) {
  const hn::Rebind<T, Words> own;
  if constexpr (whole) {
    hn::StoreU(hn::DemoteTo(own, x), own, to);
  } else {
    T copy[16];
    hn::StoreU(hn::DemoteTo(own, x), own, copy);
    std::copy_n(copy, few, to);
  }
}

// vector(c, whole, few) for the channels from c on.
template <class Vector>
HWY_INLINE void ForEachVector(int64_t channels, const Vector& vector) {
  int64_t c = 0;
  for (; c + kLanes <= channels; c += kLanes) vector(c, std::true_type(), kLanes);
  if (c < channels) vector(c, std::false_type(), channels - c);
}

template <PoolKind kind, typename T>
void PoolOf(const IntPoolPixel<T>& p, T* out) {
  const Words d;
  const Floats f;
  const int32_t count = static_cast<int32_t>(p.num_rows * p.taps);
  const auto divisor = hn::Set(f, static_cast<float>(count)), half = hn::Set(f, static_cast<float>(count / 2));
  const V low = hn::Set(d, p.low), high = hn::Set(d, p.high);
  ForEachVector(p.channels, [&](int64_t c, auto whole, int64_t few) HWY_ATTR {
    constexpr bool kWhole = decltype(whole)::value;
    V all = kind == PoolKind::kMax ? hn::Set(d, std::numeric_limits<T>::min()) : hn::Zero(d);
    for (int64_t r = 0; r < p.num_rows; ++r) {
      const T* from = p.rows[r] + c;
      for (int64_t k = 0; k < p.taps; ++k, from += p.pixel_step) {
        const V x = LoadChannels<kWhole>(from, few);
        all = kind == PoolKind::kMax ? hn::Max(all, x) : hn::Add(all, x);
      }
    }
    if constexpr (kind == PoolKind::kAverage) {
      // Whole numbers below 2^24: no quotient is rounded up to the next one.
      const auto sum = hn::ConvertTo(f, all);
      all = hn::ConvertTo(d, hn::Div(hn::Add(sum, hn::CopySign(half, sum)), divisor));
    }
    StoreChannels<kWhole>(hn::Min(hn::Max(all, low), high), few, out + c);
  });
}

template <typename T>
void Pool(PoolKind kind, const IntPoolPixel<T>& p, T* out) {
  kind == PoolKind::kMax ? PoolOf<PoolKind::kMax>(p, out) : PoolOf<PoolKind::kAverage>(p, out);
}
void Pool8(PoolKind kind, const IntPoolPixel<int8_t>& p, int8_t* out) { Pool(kind, p, out); }
void PoolU8(PoolKind kind, const IntPoolPixel<uint8_t>& p, uint8_t* out) { Pool(kind, p, out); }
void Pool16(PoolKind kind, const IntPoolPixel<int16_t>& p, int16_t* out) { Pool(kind, p, out); }

void Blend8(const BlendPixels& p, int8_t* out) {
  const Words d;
  const int32_t y = static_cast<int32_t>(p.y), x = static_cast<int32_t>(p.x), one = 1 << 10;
  const V weights[4] = {hn::Set(d, (one - y) * (one - x)), hn::Set(d, y * (one - x)), hn::Set(d, (one - y) * x),
                        hn::Set(d, y * x)};
  const V half = hn::Set(d, 1 << 19);
  ForEachVector(p.channels, [&](int64_t c, auto whole, int64_t few) HWY_ATTR {
    constexpr bool kWhole = decltype(whole)::value;
    V sum = hn::Zero(d);
    for (int i = 0; i < 4; ++i) {
      const V corner = LoadChannels<kWhole>(static_cast<const int8_t*>(p.corners[i]) + c, few);
      sum = hn::Add(sum, hn::Mul(corner, weights[i]));
    }
    const V size = hn::ShiftRight<20>(hn::Add(hn::Abs(sum), half));
    StoreChannels<kWhole>(hn::IfThenElse(hn::Lt(sum, hn::Zero(d)), hn::Neg(size), size), few, out + c);
  });
}

void BlendU8(const BlendPixels& p, uint8_t* out) {
  const Floats f;
  using F = hn::Vec<Floats>;
  const F y = hn::Set(f, p.y), x = hn::Set(f, p.x), up = hn::Set(f, 1 - p.y), left = hn::Set(f, 1 - p.x);
  ForEachVector(p.channels, [&](int64_t c, auto whole, int64_t few) HWY_ATTR {
    constexpr bool kWhole = decltype(whole)::value;
    const auto corner = [&](int i) HWY_ATTR {
      return hn::ConvertTo(f, LoadChannels<kWhole>(static_cast<const uint8_t*>(p.corners[i]) + c, few));
    };
    F sum = hn::Add(hn::Mul(hn::Mul(corner(0), up), left), hn::Mul(hn::Mul(corner(1), y), left));
    sum = hn::Add(sum, hn::Mul(hn::Mul(corner(2), up), x));
    sum = hn::Add(sum, hn::Mul(hn::Mul(corner(3), y), x));
    StoreChannels<kWhole>(hn::ConvertTo(Words(), hn::Add(sum, hn::Set(f, 0.5f))), few, out + c);
  });
}

}  // namespace safelight::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace safelight::kernels {
namespace {
HWY_EXPORT(Pool8);
HWY_EXPORT(PoolU8);
HWY_EXPORT(Pool16);
HWY_EXPORT(Blend8);
HWY_EXPORT(BlendU8);
}  // namespace

void RunIntPool(PoolKind kind, const IntPoolPixel<int8_t>& pixel, int8_t* out) {
  HWY_DYNAMIC_DISPATCH(Pool8)(kind, pixel, out);
}
void RunIntPool(PoolKind kind, const IntPoolPixel<uint8_t>& pixel, uint8_t* out) {
  HWY_DYNAMIC_DISPATCH(PoolU8)(kind, pixel, out);
}
void RunIntPool(PoolKind kind, const IntPoolPixel<int16_t>& pixel, int16_t* out) {
  HWY_DYNAMIC_DISPATCH(Pool16)(kind, pixel, out);
}
void RunBlend(const BlendPixels& pixels, int8_t* out) { HWY_DYNAMIC_DISPATCH(Blend8)(pixels, out); }
void RunBlend(const BlendPixels& pixels, uint8_t* out) { HWY_DYNAMIC_DISPATCH(BlendU8)(pixels, out); }

}  // namespace safelight::kernels
#endif  // HWY_ONCE
