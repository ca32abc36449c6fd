// SPDX-License-Identifier: Apache-2.0
//
// Vectors of sums made into results; see requantize.h for the rules. Included once per target.
#include <hwy/highway.h>

#include <algorithm>
#include <limits>

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

// What is known of the results.
enum class Results {
  kAny,
  kPositive,  // those below the zero point are limited to it, so how negative ties round does not matter
  kWhole,     // the same, and the limits are those of the type, which stores take care of
};
template <typename T>
Results ResultsOf(const Requantize& by) {
  if (by.low < by.zero_point) return Results::kAny;
  return by.low == std::numeric_limits<T>::min() && by.high == std::numeric_limits<T>::max() ? Results::kWhole
                                                                                             : Results::kPositive;
}

#if HWY_TARGET == HWY_SCALAR

// Processors without vectors: the definitions.
template <class D, Requantize::Rule rule, Results results>
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

// Positive results of the small rule take one shift of the product, which has all roundings in one number.
#if HWY_TARGET <= HWY_AVX2
constexpr bool kShiftsProducts = true;
#else
constexpr bool kShiftsProducts = false;
#endif

// The parameters of a vector of channels, for one rule.
template <class D, Requantize::Rule rule, Results results>
struct Scaler {
  using V = hn::Vec<D>;
  using W = hn::Vec<hn::Repartition<uint64_t, D> >;
  static constexpr bool kOneShift = kShiftsProducts && rule == Requantize::Rule::kSmall && results != Results::kAny;
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
    const auto even = [&](V v) HWY_ATTR { return hn::And(hn::BitCast(bits, v), hn::Set(bits, uint64_t{0xFFFFFFFF})); };
    const auto odd = [&](V v) HWY_ATTR { return hn::ShiftRight<32>(hn::BitCast(bits, v)); };
    if constexpr (rule == Requantize::Rule::kAny) {
      left = hn::LoadU(d, by.left + c);
      round = hn::Sub(one << right, one);
    } else if constexpr (kOneShift) {
      // bias * factor, both roundings and the zero point; and 2^30 more where shifts take no sign.
      round = hn::Add(hn::ShiftRight<1>(one << right), kKnowsSign ? zero_point << right : hn::Set(d, 1 << 30));
      const auto all = [&](V b, V f, W unit) HWY_ATTR {
        // The unit's sign is that of its 32 bits.
        const hn::Repartition<int64_t, D> wide;
        const auto extended = hn::ShiftRight<1>(hn::BitCast(wide, hn::ShiftLeft<32>(unit)));
        return hn::Add(hn::BitCast(bits, hn::MulEven(b, f)),
                       hn::Add(hn::Set(bits, uint64_t{1} << 30), hn::BitCast(bits, extended)));
      };
      even_round = all(bias, factor, even(round));
      odd_round = all(OddToEven(d, bias), odd_factor, odd(round));
      even_right = hn::Add(even(right), hn::Set(bits, uint64_t{31}));
      odd_right = hn::Sub(odd(right), hn::Set(bits, uint64_t{1}));
      if (!kKnowsSign) zero_point = hn::Sub(zero_point, hn::Set(d, 1 << 30) >> right);
    } else if constexpr (rule == Requantize::Rule::kSmall) {
      round = hn::Add(hn::ShiftRight<1>(one << right), zero_point << right);
    } else {
      const auto one_bit = hn::Set(bits, uint64_t{1});
      even_right = even(right);
      odd_right = odd(right);
      even_round = one_bit << hn::Sub(even_right, one_bit);
      odd_round = one_bit << hn::Sub(odd_right, one_bit);
    }
  }

#if HWY_TARGET <= HWY_AVX3
  using Signed = hn::Repartition<int64_t, D>;
  static constexpr bool kKnowsSign = true;
#else
  using Signed = hn::Repartition<uint64_t, D>;
  static constexpr bool kKnowsSign = false;
#endif

  // Results, limited unless stores do it.
  HWY_INLINE V operator()(V sum) const {
    const D d;
    const hn::Repartition<uint64_t, D> bits;
    V x = sum;
    if constexpr (!kOneShift) x = hn::Add(sum, bias);
    if constexpr (rule == Requantize::Rule::kAny) {
      x = HighProducts(d, x << left, factor, odd_factor);
      const V threshold = hn::Sub(hn::ShiftRight<1>(round), hn::ShiftRight<31>(x));
      const V up = hn::VecFromMask(d, hn::Gt(hn::And(x, round), threshold));
      x = hn::Add(hn::Sub(x >> right, up), zero_point);
    } else if constexpr (kOneShift) {
      // The odd products are shifted by 32 less, to where their lanes are.
      const Signed s;
      const auto even =
          hn::Add(hn::BitCast(s, hn::MulEven(x, factor)), hn::BitCast(s, even_round)) >> hn::BitCast(s, even_right);
      const auto odd = hn::Add(hn::BitCast(s, hn::MulEven(OddToEven(d, x), odd_factor)), hn::BitCast(s, odd_round)) >>
                       hn::BitCast(s, odd_right);
      x = hn::OddEven(hn::BitCast(d, odd), hn::BitCast(d, even));
      if constexpr (!kKnowsSign) x = hn::Add(x, zero_point);
    } else if constexpr (rule == Requantize::Rule::kSmall) {
      x = HighProducts(d, x, factor, odd_factor);
      V up = round;
      if constexpr (results == Results::kAny) up = hn::Add(up, hn::ShiftRight<31>(x));
      x = hn::Add(x, up) >> right;
    } else {
      // Only the lower 32 bits of what is shifted count, so the shift need not know the sign.
      const auto even = hn::Add(hn::BitCast(bits, hn::MulEven(x, factor)), even_round) >> even_right;
      const auto odd = hn::Add(hn::BitCast(bits, hn::MulEven(OddToEven(d, x), odd_factor)), odd_round) >> odd_right;
      x = hn::Add(hn::OddEven(hn::BitCast(d, hn::ShiftLeft<32>(odd)), hn::BitCast(d, even)), zero_point);
    }
    if constexpr (results == Results::kWhole) return x;
    return hn::Min(hn::Max(x, low), high);
  }
};

#endif  // HWY_TARGET == HWY_SCALAR

}  // namespace safelight::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
