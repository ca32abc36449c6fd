// SPDX-License-Identifier: Apache-2.0
//
// The larger and the smaller of two with the same answer on every target where one is not a number.
#include <hwy/highway.h>

// Included once per target, so an include guard that Highway toggles.
#if defined(SAFELIGHT_KERNELS_LIMITS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef SAFELIGHT_KERNELS_LIMITS_INL_H_
#undef SAFELIGHT_KERNELS_LIMITS_INL_H_
#else
#define SAFELIGHT_KERNELS_LIMITS_INL_H_
#endif

HWY_BEFORE_NAMESPACE();
namespace safelight::kernels::HWY_NAMESPACE {

// With the second operand where one is not a number, as on x86; Arm's own instructions and the scalar target give the
// other one.
template <class V>
HWY_INLINE V MaxOf(V a, V b) {
#if HWY_ARCH_ARM || HWY_TARGET == HWY_SCALAR
  return hwy::HWY_NAMESPACE::IfThenElse(hwy::HWY_NAMESPACE::Gt(a, b), a, b);
#else
  return hwy::HWY_NAMESPACE::Max(a, b);
#endif
}
template <class V>
HWY_INLINE V MinOf(V a, V b) {
#if HWY_ARCH_ARM || HWY_TARGET == HWY_SCALAR
  return hwy::HWY_NAMESPACE::IfThenElse(hwy::HWY_NAMESPACE::Lt(a, b), a, b);
#else
  return hwy::HWY_NAMESPACE::Min(a, b);
#endif
}

// x between the limits; what is not a number stays so, as in TFLite.
template <class V>
HWY_INLINE V Limited(V x, V low, V high) {
  return MinOf(high, MaxOf(low, x));
}

}  // namespace safelight::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
