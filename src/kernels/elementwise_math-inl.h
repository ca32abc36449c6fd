// SPDX-License-Identifier: Apache-2.0
//
// Functions of vectors of floats for one SIMD target, as elementwise.cc uses them. It includes this file once per
// target. What is not a number stays so; errors are stated beside each.
#include <hwy/contrib/math/math-inl.h>
#include <hwy/highway.h>

#include <cmath>
#include <limits>

#include "kernels/elementwise.h"
#include "kernels/limits-inl.h"

// Included once per target, so an include guard that Highway toggles.
#if defined(SAFELIGHT_KERNELS_ELEMENTWISE_MATH_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef SAFELIGHT_KERNELS_ELEMENTWISE_MATH_INL_H_
#undef SAFELIGHT_KERNELS_ELEMENTWISE_MATH_INL_H_
#else
#define SAFELIGHT_KERNELS_ELEMENTWISE_MATH_INL_H_
#endif

HWY_BEFORE_NAMESPACE();
namespace safelight::kernels::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

using D = hn::ScalableTag<float>;
using V = hn::Vec<D>;

// The library's Exp is within a unit in the last place between these limits, which stand for all beyond them.
HWY_INLINE V ExpOf(D d, V x) {
  const V limited = MinOf(hn::Set(d, 89.0f), MaxOf(hn::Set(d, -104.0f), x));
  // NaN goes through as it came.
  return hn::IfThenElse(hn::Eq(x, x), hn::Exp(d, limited), x);
}

// 0 gives minus infinity, numbers below it NaN, infinity itself; the library's Log knows none of them.
V LogOf(D d, V x) {
  const V infinity = hn::Set(d, std::numeric_limits<float>::infinity()), zero = hn::Zero(d);
  const V edge =
      hn::IfThenElse(hn::Eq(x, zero), hn::Neg(infinity),
                     hn::IfThenElse(hn::Lt(x, zero), hn::Set(d, std::numeric_limits<float>::quiet_NaN()), x));
  return hn::IfThenElse(hn::And(hn::Gt(x, zero), hn::Lt(x, infinity)), hn::Log(d, x), edge);
}

HWY_INLINE V EluOf(D d, V x) {
  const V zero = hn::Zero(d);
  const V limited = MinOf(zero, MaxOf(hn::Set(d, -104.0f), x));
  return hn::IfThenElse(hn::Lt(x, zero), hn::Expm1(d, limited), x);
}

// Sines of lanes too far out for the library's reduction are taken one by one.
template <UnaryOp op>
V SineOf(D d, V x) {
  const auto near = hn::Le(hn::Abs(x), hn::Set(d, 39000.0f));
  const V limited = hn::IfThenElseZero(near, x);
  const V result = op == UnaryOp::kSin ? hn::Sin(d, limited) : hn::Cos(d, limited);
  if (hn::AllTrue(d, near)) return result;
  HWY_ALIGN float from[HWY_MAX_BYTES / sizeof(float)], to[HWY_MAX_BYTES / sizeof(float)];
  hn::Store(x, d, from);
  hn::Store(result, d, to);
  for (size_t i = 0; i < hn::Lanes(d); ++i) {
    if (!(std::abs(from[i]) <= 39000.0f)) to[i] = op == UnaryOp::kSin ? std::sin(from[i]) : std::cos(from[i]);
  }
  return hn::Load(d, to);
}

HWY_INLINE V LogisticOf(D d, V x) {
  const V one = hn::Set(d, 1.0f);
  return hn::Div(one, hn::Add(one, ExpOf(d, hn::Neg(x))));
}

// x P(x^2) / Q(x^2), both of degree 4, fitted to a relative error of 2e-8 up to 9, beyond which every result is 1;
// rounding makes it 4e-7.
HWY_INLINE V TanhOf(D d, V x) {
  const V one = hn::Set(d, 1.0f);
  const V limited = MinOf(hn::Set(d, 9.0f), MaxOf(hn::Set(d, -9.0f), x));
  const V u = hn::Mul(limited, limited);
  V p = hn::Set(d, 1.33546889e-08f), q = hn::Set(d, 7.77656965e-07f);
  p = hn::MulAdd(p, u, hn::Set(d, 2.06091026e-05f));
  q = hn::MulAdd(q, u, hn::Set(d, 0.000328563707f));
  p = hn::MulAdd(p, u, hn::Set(d, 0.00349558936f));
  q = hn::MulAdd(q, u, hn::Set(d, 0.0258769877f));
  p = hn::MulAdd(p, u, hn::Set(d, 0.133810267f));
  q = hn::MulAdd(q, u, hn::Set(d, 0.467143416f));
  p = hn::MulAdd(p, u, one);
  q = hn::MulAdd(q, u, one);
  return MinOf(one, MaxOf(hn::Neg(one), hn::Div(hn::Mul(limited, p), q)));
}

// x times the normal distribution function. The tail h = erfc(z) / 2, z = |x| / sqrt(2), is
// exp(-z^2) * k * p(k) / 2 with k = 1 / (1 + 0.375 z): the form of Abramowitz and Stegun 7.1.26, with p of degree 6
// fitted to a relative error of 7e-7 for z up to 9.5. GELU's own error stays under 3e-7.
HWY_INLINE V GeluOf(D d, V x) {
  const V one = hn::Set(d, 1.0f), zero = hn::Zero(d);
  const V z = MinOf(hn::Mul(hn::Abs(x), hn::Set(d, 0.70710678f)), hn::Set(d, 11.0f));
  const V k = hn::Div(one, hn::MulAdd(hn::Set(d, 0.375f), z, one));
  V p = hn::Set(d, -0.13509513f);
  p = hn::MulAdd(p, k, hn::Set(d, 0.38793445f));
  p = hn::MulAdd(p, k, hn::Set(d, -0.12959121f));
  p = hn::MulAdd(p, k, hn::Set(d, 0.28305587f));
  p = hn::MulAdd(p, k, hn::Set(d, 0.16666743f));
  p = hn::MulAdd(p, k, hn::Set(d, 0.21568844f));
  p = hn::MulAdd(p, k, hn::Set(d, 0.21133952f));
  const V tail = hn::Mul(hn::Mul(hn::Set(d, 0.5f), hn::Exp(d, hn::Neg(hn::Mul(z, z)))), hn::Mul(k, p));
  const V below = hn::Mul(MaxOf(x, hn::Set(d, -15.0f)), tail);
  const V result = hn::IfThenElse(hn::Gt(x, zero), hn::Sub(x, hn::Mul(MinOf(x, hn::Set(d, 15.0f)), tail)), below);
  return hn::IfThenElse(hn::Eq(x, x), result, x);
}

HWY_INLINE V GeluTanhOf(D d, V x) {
  const V cubic = hn::Mul(hn::Mul(x, x), hn::Mul(x, hn::Set(d, 0.044715f)));
  const V inner = hn::Mul(hn::Set(d, 0.79788456f), hn::Add(x, cubic));
  return hn::Mul(hn::Mul(hn::Set(d, 0.5f), x), hn::Add(hn::Set(d, 1.0f), TanhOf(d, inner)));
}

#if HWY_TARGET == HWY_SCALAR
V PowOf(D d, V a, V b) { return hn::Set(d, std::pow(hn::GetLane(a), hn::GetLane(b))); }
#else
// a^b for doubles of normal positive a = 2^exponent * mantissa, mantissa in [sqrt(1/2), sqrt(2)): 2^(b log2 a). The
// logarithm's series ends at t^11 (3e-11), that of the power at degree 8 (2e-10); floats are rounded from there.
template <class DD, class VD = hn::Vec<DD> >
HWY_INLINE VD PowOfParts(DD d, VD exponent, VD mantissa, VD b) {
  const VD one = hn::Set(d, 1.0);
  const VD t = hn::Div(hn::Sub(mantissa, one), hn::Add(mantissa, one)), u = hn::Mul(t, t);
  VD log = hn::Set(d, 1.0 / 11);
  for (const double c : {1.0 / 9, 1.0 / 7, 1.0 / 5, 1.0 / 3, 1.0}) log = hn::MulAdd(log, u, hn::Set(d, c));
  constexpr double kLn2 = 0.69314718055994531;
  log = hn::MulAdd(hn::Mul(log, t), hn::Set(d, 2 / kLn2), exponent);
  // Beyond these a float is 0 or infinite.
  const VD y = hn::Min(hn::Set(d, 200.0), hn::Max(hn::Set(d, -200.0), hn::Mul(b, log)));
  const VD whole = hn::Round(y), f = hn::Mul(hn::Sub(y, whole), hn::Set(d, kLn2));
  VD power = hn::Set(d, 1.0 / 40320);
  for (const double c : {1.0 / 5040, 1.0 / 720, 1.0 / 120, 1.0 / 24, 1.0 / 6, 0.5, 1.0, 1.0}) {
    power = hn::MulAdd(power, f, hn::Set(d, c));
  }
  // The sum's low bits are the exponent of 2^whole.
  const hn::RebindToUnsigned<DD> bits;
  const VD biased = hn::Add(whole, hn::Set(d, 6755399441055744.0 + 1023.0));
  return hn::Mul(power, hn::BitCast(d, hn::ShiftLeft<52>(hn::BitCast(bits, biased))));
}

// Zeros to positive powers and normal positive numbers; all others are taken one by one.
V PowOf(D d, V a, V b) {
  const hn::RebindToSigned<D> di;
  const hn::Repartition<double, D> dd;
  const hn::Half<D> half;
  const auto bits = hn::BitCast(di, a);
  const V infinity = hn::Set(d, std::numeric_limits<float>::infinity());
  const auto finite = hn::Lt(hn::Abs(b), infinity);
  const auto normal = hn::And(finite, hn::And(hn::Ge(a, hn::Set(d, 1.17549435e-38f)), hn::Lt(a, infinity)));
  const auto zero = hn::And(hn::RebindMask(d, hn::Eq(bits, hn::Zero(di))), hn::And(finite, hn::Gt(b, hn::Zero(d))));
  // The bits of sqrt(1/2) taken away, the exponent field counts from there.
  const auto above = hn::Sub(bits, hn::Set(di, 0x3F3504F3));
  const auto exponent = hn::ShiftRight<23>(above);
  const V e = hn::ConvertTo(d, exponent), m = hn::BitCast(d, hn::Sub(bits, hn::ShiftLeft<23>(exponent)));
  const auto low = PowOfParts(dd, hn::PromoteTo(dd, hn::LowerHalf(half, e)), hn::PromoteTo(dd, hn::LowerHalf(half, m)),
                              hn::PromoteTo(dd, hn::LowerHalf(half, b)));
  const auto high = PowOfParts(dd, hn::PromoteTo(dd, hn::UpperHalf(half, e)), hn::PromoteTo(dd, hn::UpperHalf(half, m)),
                               hn::PromoteTo(dd, hn::UpperHalf(half, b)));
  const V both = hn::Combine(d, hn::DemoteTo(half, high), hn::DemoteTo(half, low));
  const V result = hn::IfThenElseZero(normal, both);
  if (hn::AllTrue(d, hn::Or(normal, zero))) return result;
  HWY_ALIGN float base[HWY_MAX_BYTES / sizeof(float)], to[HWY_MAX_BYTES / sizeof(float)],
      power[HWY_MAX_BYTES / sizeof(float)];
  hn::Store(a, d, base);
  hn::Store(b, d, power);
  hn::Store(result, d, to);
  for (size_t i = 0; i < hn::Lanes(d); ++i) {
    if (!(base[i] >= 1.17549435e-38f && base[i] < HUGE_VALF && std::abs(power[i]) < HUGE_VALF)) {
      to[i] = std::pow(base[i], power[i]);
    }
  }
  return hn::Load(d, to);
}
#endif  // HWY_TARGET == HWY_SCALAR

}  // namespace safelight::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
