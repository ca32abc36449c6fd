// SPDX-License-Identifier: Apache-2.0
#include "kernels/depthwise.h"

#include <cstring>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/depthwise.cc"
#include <hwy/foreach_target.h>
// Must come after foreach_target.h.
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace safelight::kernels::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

void DepthwiseTaps(const float* const* in, const int32_t* tap_index, int64_t taps, const float* weights,
                   const float* bias, int64_t channels, float low, float high, float* out) {
  const hn::ScalableTag<float> d;
  const int64_t lanes = static_cast<int64_t>(hn::Lanes(d));
  const auto lo = hn::Set(d, low), hi = hn::Set(d, high);
  int64_t c = 0;
  for (; c + lanes <= channels; c += lanes) {
    auto sum = bias != nullptr ? hn::LoadU(d, bias + c) : hn::Zero(d);
    for (int64_t t = 0; t < taps; ++t) {
      sum = hn::MulAdd(hn::LoadU(d, in[t] + c), hn::LoadU(d, weights + tap_index[t] * channels + c), sum);
    }
    hn::StoreU(hn::Min(hi, hn::Max(lo, sum)), d, out + c);
  }
  if (c == channels) return;
  // The last channels go through padded buffers and the same instructions.
  const size_t rest = static_cast<size_t>(channels - c) * sizeof(float);
  HWY_ALIGN float a[HWY_MAX_BYTES / sizeof(float)] = {}, b[HWY_MAX_BYTES / sizeof(float)] = {};
  if (bias != nullptr) std::memcpy(a, bias + c, rest);
  auto sum = hn::Load(d, a);
  for (int64_t t = 0; t < taps; ++t) {
    std::memcpy(a, in[t] + c, rest);
    std::memcpy(b, weights + tap_index[t] * channels + c, rest);
    sum = hn::MulAdd(hn::Load(d, a), hn::Load(d, b), sum);
  }
  hn::Store(hn::Min(hi, hn::Max(lo, sum)), d, a);
  std::memcpy(out + c, a, rest);
}

}  // namespace safelight::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace safelight::kernels {
namespace {
HWY_EXPORT(DepthwiseTaps);
}  // namespace

void RunDepthwiseTaps(const float* const* in, const int32_t* tap_index, int64_t taps, const float* weights,
                      const float* bias, int64_t channels, float low, float high, float* out) {
  HWY_DYNAMIC_DISPATCH(DepthwiseTaps)(in, tap_index, taps, weights, bias, channels, low, high, out);
}

}  // namespace safelight::kernels
#endif  // HWY_ONCE
