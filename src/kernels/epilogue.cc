// SPDX-License-Identifier: Apache-2.0
#include "kernels/epilogue.h"

#include <cstring>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/epilogue.cc"
#include <hwy/foreach_target.h>
// Must come after foreach_target.h.
#include <hwy/highway.h>

#include "kernels/limits-inl.h"

HWY_BEFORE_NAMESPACE();
namespace safelight::kernels::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

using D = hn::ScalableTag<float>;
using V = hn::Vec<D>;

template <bool residual, bool last, bool slopes>
HWY_INLINE V Apply(D d, V x, V r, V slope, V low, V high) {
  if (residual && !last) x = hn::Add(x, r);
  if (slopes) x = hn::IfThenElse(hn::Ge(x, hn::Zero(d)), x, hn::Mul(x, slope));
  x = Limited(x, low, high);
  if (residual && last) x = hn::Add(x, r);
  return x;
}

// `count` elements next to each other; the tail goes through the same code in padded buffers.
template <bool residual, bool last, bool slopes>
void Row(float* HWY_RESTRICT out, const float* HWY_RESTRICT r, const float* HWY_RESTRICT s, int64_t count, V low,
         V high) {
  const D d;
  const int64_t lanes = static_cast<int64_t>(hn::Lanes(d));
  const V zero = hn::Zero(d);
  int64_t i = 0;
  for (; i + lanes <= count; i += lanes) {
    const V x = hn::LoadU(d, out + i), from = residual ? hn::LoadU(d, r + i) : zero;
    const V slope = slopes ? hn::LoadU(d, s + i) : zero;
    hn::StoreU(Apply<residual, last, slopes>(d, x, from, slope, low, high), d, out + i);
  }
  if (i == count) return;
  const size_t rest = static_cast<size_t>(count - i) * sizeof(float);
  HWY_ALIGN float x[HWY_MAX_BYTES / sizeof(float)] = {}, from[HWY_MAX_BYTES / sizeof(float)] = {},
                                    slope[HWY_MAX_BYTES / sizeof(float)] = {};
  std::memcpy(x, out + i, rest);
  if (residual) std::memcpy(from, r + i, rest);
  if (slopes) std::memcpy(slope, s + i, rest);
  hn::Store(Apply<residual, last, slopes>(d, hn::Load(d, x), hn::Load(d, from), hn::Load(d, slope), low, high), d, x);
  std::memcpy(out + i, x, rest);
}

template <bool residual, bool last, bool slopes>
void RunPixels(const EpiloguePixels& p) {
  const V low = hn::Set(D(), p.low), high = hn::Set(D(), p.high);
  if (!slopes && p.out_step == p.channels && (!residual || p.residual_step == p.channels)) {
    Row<residual, last, slopes>(p.out, p.residual, p.slopes, p.channels * p.pixels, low, high);
    return;
  }
  for (int64_t i = 0; i < p.pixels; ++i) {
    const float* from = residual ? p.residual + i * p.residual_step : nullptr;
    Row<residual, last, slopes>(p.out + i * p.out_step, from, p.slopes, p.channels, low, high);
  }
}

void Run(const EpiloguePixels& p) {
  const bool slopes = p.slopes != nullptr;
  if (p.residual == nullptr) return slopes ? RunPixels<false, false, true>(p) : RunPixels<false, false, false>(p);
  if (p.residual_last) return slopes ? RunPixels<true, true, true>(p) : RunPixels<true, true, false>(p);
  return slopes ? RunPixels<true, false, true>(p) : RunPixels<true, false, false>(p);
}

}  // namespace safelight::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace safelight::kernels {
namespace {
HWY_EXPORT(Run);
}  // namespace

void RunEpilogue(const EpiloguePixels& pixels) { HWY_DYNAMIC_DISPATCH(Run)(pixels); }

}  // namespace safelight::kernels
#endif  // HWY_ONCE
