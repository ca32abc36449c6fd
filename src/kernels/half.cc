// SPDX-License-Identifier: Apache-2.0
#include "kernels/half.h"

#include <cmath>

#include "base/half.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/half.cc"
#include <hwy/foreach_target.h>
// Must come after foreach_target.h.
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace safelight::kernels::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// Where the target has instructions for it; what Highway makes of others knows no subnormal numbers.
#if HWY_TARGET <= HWY_AVX2 || HWY_ARCH_ARM_A64
constexpr bool kHasHalf = true;
#else
constexpr bool kHasHalf = false;
#endif

void Widen(const uint16_t* from, int64_t count, float* to) {
  int64_t i = 0;
  if constexpr (kHasHalf) {
    const hn::ScalableTag<float> d;
    const hn::Rebind<hwy::float16_t, decltype(d)> half;
    const int64_t lanes = static_cast<int64_t>(hn::Lanes(d));
    const auto* in = reinterpret_cast<const hwy::float16_t*>(from);
    for (; i + lanes <= count; i += lanes) hn::StoreU(hn::PromoteTo(d, hn::LoadU(half, in + i)), d, to + i);
  }
  for (; i < count; ++i) to[i] = HalfToFloat(from[i]);
}

void Narrow(const float* from, int64_t count, uint16_t* to) {
  int64_t i = 0;
  if constexpr (kHasHalf) {
    const hn::ScalableTag<float> d;
    const hn::Rebind<hwy::float16_t, decltype(d)> half;
    const int64_t lanes = static_cast<int64_t>(hn::Lanes(d));
    auto* out = reinterpret_cast<hwy::float16_t*>(to);
    for (; i + lanes <= count; i += lanes) hn::StoreU(hn::DemoteTo(half, hn::LoadU(d, from + i)), half, out + i);
  }
  for (; i < count; ++i) to[i] = FloatToHalf(from[i]);
}

}  // namespace safelight::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace safelight::kernels {
namespace {
HWY_EXPORT(Widen);
HWY_EXPORT(Narrow);
}  // namespace

void FromHalf(const uint16_t* from, int64_t count, float* to) { HWY_DYNAMIC_DISPATCH(Widen)(from, count, to); }
void ToHalf(const float* from, int64_t count, uint16_t* to) { HWY_DYNAMIC_DISPATCH(Narrow)(from, count, to); }

void AddHalfLoss(const float* from, int64_t count, HalfLoss* loss) {
  for (int64_t i = 0; i < count; ++i) {
    if (!std::isfinite(from[i])) continue;
    const float stored = HalfToFloat(FloatToHalf(from[i]));
    if (!std::isfinite(stored)) {
      ++loss->beyond;
      continue;
    }
    const double x = static_cast<double>(from[i]), error = static_cast<double>(stored) - x;
    loss->squares += x * x;
    loss->errors += error * error;
  }
}

}  // namespace safelight::kernels
#endif  // HWY_ONCE
