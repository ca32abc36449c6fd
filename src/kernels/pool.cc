// SPDX-License-Identifier: Apache-2.0
#include "kernels/pool.h"

#include <algorithm>
#include <limits>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/pool.cc"
#include <hwy/foreach_target.h>
// Must come after foreach_target.h.
#include <hwy/highway.h>

#include "kernels/limits-inl.h"

HWY_BEFORE_NAMESPACE();
namespace safelight::kernels::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// One vector of channels from `c` on.
template <PoolKind kind, class D>
HWY_INLINE void Lanes(D d, const PoolPixel& p, int64_t c, float* out) {
  hn::Vec<D> result = hn::Set(d, kind == PoolKind::kAverage ? 0.0f : std::numeric_limits<float>::lowest());
  for (int64_t r = 0; r < p.num_rows; ++r) {
    const float* in = p.rows[r] + c;
    for (int64_t t = 0; t < p.taps; ++t, in += p.pixel_step) {
      const hn::Vec<D> value = hn::LoadU(d, in);
      if (kind == PoolKind::kAverage) {
        result = hn::Add(result, value);
      } else {
        result = hn::IfThenElse(hn::Lt(result, value), value, result);
      }
    }
  }
  if (kind == PoolKind::kAverage) result = hn::Div(result, hn::Set(d, static_cast<float>(p.num_rows * p.taps)));
  hn::StoreU(Limited(result, hn::Set(d, p.low), hn::Set(d, p.high)), d, out + c);
}

template <PoolKind kind>
void RunKind(const PoolPixel& p, float* out) {
  const hn::CappedTag<float, 16> wide;
  const hn::CappedTag<float, 1> one;
  const int64_t lanes = static_cast<int64_t>(hn::Lanes(wide));
  if (p.channels >= lanes) {
    // The last vector overlaps the one before it.
    for (int64_t c = 0; c < p.channels; c += lanes) Lanes<kind>(wide, p, std::min(c, p.channels - lanes), out);
  } else {
    for (int64_t c = 0; c < p.channels; ++c) Lanes<kind>(one, p, c, out);
  }
}

void Run(PoolKind kind, const PoolPixel& pixel, float* out) {
  kind == PoolKind::kAverage ? RunKind<PoolKind::kAverage>(pixel, out) : RunKind<PoolKind::kMax>(pixel, out);
}

}  // namespace safelight::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace safelight::kernels {
namespace {
HWY_EXPORT(Run);
}  // namespace

void RunPool(PoolKind kind, const PoolPixel& pixel, float* out) { HWY_DYNAMIC_DISPATCH(Run)(kind, pixel, out); }

}  // namespace safelight::kernels
#endif  // HWY_ONCE
