// SPDX-License-Identifier: Apache-2.0
//
// Vectors of sums made into results; see requantize.h for the rules. Included once per target.
#include <hwy/highway.h>

#include <algorithm>

#include "kernels/requantize.h"

// Included once per target, so an include guard that Highway toggles.
#if defined(SAFELIGHT_KERNELS_REQUANTIZE_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef SAFELIGHT_KERNELS_REQUANTIZE_INL_H_
#undef SAFELIGHT_KERNELS_REQUANTIZE_INL_H_
#else
#define SAFELIGHT_KERNELS_REQUANTIZE_INL_H_
#endif

HWY_BEFORE_NAMESPACE();
namespace safelight::kernels::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

#if HWY_TARGET == HWY_SCALAR

// Processors without vectors: the definitions.
template <class D, Requantize::Rule rule, bool positive>
struct Scaler {
  Requantize by;

  void Load(const Requantize& of, int64_t c) { by = of.From(c); }
  hn::Vec<D> operator()(hn::Vec<D> sum) const {
    const uint32_t biased = static_cast<uint32_t>(hn::GetLane(sum)) + static_cast<uint32_t>(*by.bias);
    int64_t scaled;
    if constexpr (rule == Requantize::Rule::kWide) {
      scaled = (int64_t{static_cast<int32_t>(biased)} * *by.factor + (int64_t{1} << (*by.right - 1))) >> *by.right;
    } else {
      const int64_t shifted = static_cast<int32_t>(biased << *by.left);
      const int32_t high = static_cast<int32_t>((shifted * *by.factor + (int64_t{1} << 30)) >> 31);
      const int64_t half = *by.right == 0 ? 0 : (int64_t{1} << (*by.right - 1)) - (high < 0 ? 1 : 0);
      scaled = (high + half) >> *by.right;
    }
    const int64_t result = int64_t{static_cast<int32_t>(scaled)} + by.zero_point;
    return hn::Set(D(), static_cast<int32_t>(std::clamp<int64_t>(result, by.low, by.high)));
  }
};

#else

// The odd lanes where the even ones were.
template <class D, class V = hn::Vec<D> >
HWY_INLINE V OddToEven(D d, V v) {
  return hn::BitCast(d, hn::ShiftRight<32>(hn::BitCast(hn::Repartition<uint64_t, D>(), v)));
}

// The upper half of 2 * a * factor, rounded: bits 31 to 62 of a * factor + 2^30. Factors are not negative.
template <class D, class V = hn::Vec<D> >
HWY_INLINE V HighProducts(D d, V a, V factor, V odd_factor) {
#if HWY_ARCH_ARM_A64
  if constexpr (sizeof(V) == 16) return V{vqrdmulhq_s32(a.raw, factor.raw)};
#endif
  const hn::Repartition<int64_t, D> wide;
  const hn::Repartition<uint64_t, D> bits;
  const auto half = hn::Set(wide, int64_t{1} << 30);
  const auto even_product = hn::BitCast(bits, hn::Add(hn::MulEven(a, factor), half));
  const auto odd_product = hn::BitCast(bits, hn::Add(hn::MulEven(OddToEven(d, a), odd_factor), half));
  const auto low = hn::BitCast(d, hn::ShiftRight<31>(even_product));
  const auto high = hn::BitCast(d, hn::ShiftLeft<1>(odd_product));
  return hn::OddEven(high, low);
}

// The parameters of a vector of channels, for one rule. `positive`: results below the zero point are limited to it, so
// how negative ties round does not matter.
template <class D, Requantize::Rule rule, bool positive>
struct Scaler {
  using V = hn::Vec<D>;
  using W = hn::Vec<hn::Repartition<uint64_t, D> >;
  V bias, factor, odd_factor, left, right, round, zero_point, low, high;
  W even_right, odd_right, even_round, odd_round;

  // The channels from `c` on.
  HWY_INLINE void Load(const Requantize& by, int64_t c) {
    const D d;
    const hn::Repartition<uint64_t, D> bits;
    bias = hn::LoadU(d, by.bias + c);
    factor = hn::LoadU(d, by.factor + c);
    odd_factor = OddToEven(d, factor);
    right = hn::LoadU(d, by.right + c);
    zero_point = hn::Set(d, by.zero_point);
    low = hn::Set(d, by.low);
    high = hn::Set(d, by.high);
    const V one = hn::Set(d, 1);
    if constexpr (rule == Requantize::Rule::kAny) {
      left = hn::LoadU(d, by.left + c);
      round = hn::Sub(one << right, one);
    } else if constexpr (rule == Requantize::Rule::kSmall) {
      round = hn::Add(hn::ShiftRight<1>(one << right), zero_point << right);
    } else {
      const auto mask = hn::Set(bits, uint64_t{0xFFFFFFFF}), one_bit = hn::Set(bits, uint64_t{1});
      even_right = hn::And(hn::BitCast(bits, right), mask);
      odd_right = hn::ShiftRight<32>(hn::BitCast(bits, right));
      even_round = one_bit << hn::Sub(even_right, one_bit);
      odd_round = one_bit << hn::Sub(odd_right, one_bit);
    }
  }

  // Results, limited.
  HWY_INLINE V operator()(V sum) const {
    const D d;
    V x = hn::Add(sum, bias);
    if constexpr (rule == Requantize::Rule::kAny) {
      x = HighProducts(d, x << left, factor, odd_factor);
      const V threshold = hn::Sub(hn::ShiftRight<1>(round), hn::ShiftRight<31>(x));
      const V up = hn::VecFromMask(d, hn::Gt(hn::And(x, round), threshold));
      x = hn::Add(hn::Sub(x >> right, up), zero_point);
    } else if constexpr (rule == Requantize::Rule::kSmall) {
      x = HighProducts(d, x, factor, odd_factor);
      V up = round;
      if constexpr (!positive) up = hn::Add(up, hn::ShiftRight<31>(x));
      x = hn::Add(x, up) >> right;
    } else {
      const hn::Repartition<uint64_t, D> bits;
      // Only the lower 32 bits of what is shifted count, so the shift need not know the sign.
      const auto even = hn::Add(hn::BitCast(bits, hn::MulEven(x, factor)), even_round) >> even_right;
      const auto odd = hn::Add(hn::BitCast(bits, hn::MulEven(OddToEven(d, x), odd_factor)), odd_round) >> odd_right;
      x = hn::Add(hn::OddEven(hn::BitCast(d, hn::ShiftLeft<32>(odd)), hn::BitCast(d, even)), zero_point);
    }
    return hn::Min(hn::Max(x, low), high);
  }
};

#endif  // HWY_TARGET == HWY_SCALAR

}  // namespace safelight::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
