// SPDX-License-Identifier: Apache-2.0
#include "kernels/dynamic.h"

#include <algorithm>
#include <cstring>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/dynamic.cc"
#include <hwy/foreach_target.h>
// Must come after foreach_target.h.
#include <hwy/highway.h>

#include "kernels/limits-inl.h"

HWY_BEFORE_NAMESPACE();
namespace safelight::kernels::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

using D = hn::ScalableTag<float>;
using V = hn::Vec<D>;

// The first `n` lanes; zeros in the others.
template <class Tag, typename T>
HWY_INLINE hn::Vec<Tag> LoadSome(Tag d, const T* from, size_t n) {
  if (n == hn::Lanes(d)) return hn::LoadU(d, from);
  HWY_ALIGN T padded[HWY_MAX_BYTES / sizeof(T)] = {};
  std::memcpy(padded, from, n * sizeof(T));
  return hn::Load(d, padded);
}
template <class Tag, typename T>
HWY_INLINE void StoreSome(hn::Vec<Tag> x, Tag d, T* to, size_t n) {
  if (n == hn::Lanes(d)) return hn::StoreU(x, d, to);
  HWY_ALIGN T padded[HWY_MAX_BYTES / sizeof(T)];
  hn::Store(x, d, padded);
  std::memcpy(to, padded, n * sizeof(T));
}

// Lowest and highest have no order of their own: any grouping finds the same two numbers.
void Find(const float* values, int64_t count, float* low, float* high) {
  const D d;
  const int64_t lanes = static_cast<int64_t>(hn::Lanes(d));
  float least = values[0], most = values[0];
  int64_t i = 0;
  if (count >= lanes) {
    V lower = hn::LoadU(d, values), upper = lower;
    for (i = lanes; i + lanes <= count; i += lanes) {
      const V x = hn::LoadU(d, values + i);
      lower = MinOf(x, lower);
      upper = MaxOf(x, upper);
    }
    least = hn::GetLane(hn::MinOfLanes(d, lower));
    most = hn::GetLane(hn::MaxOfLanes(d, upper));
  }
  for (; i < count; ++i) {
    least = values[i] < least ? values[i] : least;
    most = values[i] > most ? values[i] : most;
  }
  *low = least;
  *high = most;
}

void Quantize(const float* values, int64_t count, const DynamicValues& by, int16_t* out) {
  const D d;
  const hn::RebindToSigned<D> d32;
  const hn::Rebind<int16_t, D> d16;
  const int64_t lanes = static_cast<int64_t>(hn::Lanes(d));
  const V inverse = hn::Set(d, by.inverse), half = hn::Set(d, 0.5f);
  const V low = hn::Set(d, by.low), high = hn::Set(d, by.high);
  for (int64_t i = 0; i < count; i += lanes) {
    const size_t n = static_cast<size_t>(std::min(lanes, count - i));
    const V x = hn::Mul(LoadSome(d, values + i, n), inverse);
    const V rounded = hn::Trunc(hn::Add(x, hn::CopySign(half, x)));
    const V limited = MinOf(high, MaxOf(rounded, low));
    const auto whole = hn::ConvertTo(d32, limited);
    StoreSome(hn::DemoteTo(d16, whole), d16, out + i, n);
  }
}

void Finish(const int32_t* sums, int64_t channels, const DynamicResults& by, float* out) {
  const D d;
  const hn::RebindToSigned<D> d32;
  const int64_t lanes = static_cast<int64_t>(hn::Lanes(d));
  const V scale = hn::Set(d, by.scale), low = hn::Set(d, by.low), high = hn::Set(d, by.high);
  for (int64_t c = 0; c < channels; c += lanes) {
    const size_t n = static_cast<size_t>(std::min(lanes, channels - c));
    const V sum = hn::ConvertTo(d, LoadSome(d32, sums + c, n)), own = LoadSome(d, by.scales + c, n);
    V x = by.scales_first ? hn::Mul(sum, hn::Mul(own, scale)) : hn::Mul(hn::Mul(sum, own), scale);
    if (by.bias != nullptr) x = hn::Add(x, LoadSome(d, by.bias + c, n));
    StoreSome(Limited(x, low, high), d, out + c, n);
  }
}

}  // namespace safelight::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace safelight::kernels {
namespace {
HWY_EXPORT(Find);
HWY_EXPORT(Quantize);
HWY_EXPORT(Finish);
}  // namespace

void FindRange(const float* values, int64_t count, float* low, float* high) {
  HWY_DYNAMIC_DISPATCH(Find)(values, count, low, high);
}
void QuantizeDynamic(const float* values, int64_t count, const DynamicValues& by, int16_t* out) {
  HWY_DYNAMIC_DISPATCH(Quantize)(values, count, by, out);
}
void FinishDynamic(const int32_t* sums, int64_t channels, const DynamicResults& by, float* out) {
  HWY_DYNAMIC_DISPATCH(Finish)(sums, channels, by, out);
}

}  // namespace safelight::kernels
#endif  // HWY_ONCE
