// SPDX-License-Identifier: Apache-2.0
#include "kernels/differences.h"

#include <algorithm>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/differences.cc"
#include "hwy/foreach_target.h"  // NOLINT(build/include_order): Highway's own order
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace safelight {
namespace kernels {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

DifferenceSums Sum(const uint8_t* a, const uint8_t* b, size_t count) {
  const hn::ScalableTag<int32_t> di;
  const hn::Rebind<uint8_t, decltype(di)> du;
  const size_t lanes = hn::Lanes(di);
  // So many steps that no lane of 32 bits overflows.
  constexpr size_t kSteps = 16384;
  DifferenceSums sums;
  size_t i = 0;
  while (i + lanes <= count) {
    auto absolute = hn::Zero(di), squared = hn::Zero(di);
    const size_t end = std::min(count - lanes + 1, i + kSteps * lanes);
    for (; i < end; i += lanes) {
      const auto d = hn::Sub(hn::PromoteTo(di, hn::LoadU(du, a + i)), hn::PromoteTo(di, hn::LoadU(du, b + i)));
      absolute = hn::Add(absolute, hn::Abs(d));
      squared = hn::Add(squared, hn::Mul(d, d));
    }
    HWY_ALIGN int32_t lane[HWY_MAX_BYTES / sizeof(int32_t)];
    hn::Store(absolute, di, lane);
    for (size_t k = 0; k < lanes; ++k) sums.absolute += static_cast<uint32_t>(lane[k]);
    hn::Store(squared, di, lane);
    for (size_t k = 0; k < lanes; ++k) sums.squared += static_cast<uint32_t>(lane[k]);
  }
  for (; i < count; ++i) {
    const int d = int{a[i]} - int{b[i]};
    sums.absolute += static_cast<uint64_t>(d < 0 ? -d : d);
    sums.squared += static_cast<uint64_t>(d * d);
  }
  return sums;
}

}  // namespace HWY_NAMESPACE
}  // namespace kernels
}  // namespace safelight
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace safelight::kernels {

HWY_EXPORT(Sum);

DifferenceSums SumDifferences(const uint8_t* a, const uint8_t* b, size_t count) {
  return HWY_DYNAMIC_DISPATCH(Sum)(a, b, count);
}

}  // namespace safelight::kernels
#endif  // HWY_ONCE
