// SPDX-License-Identifier: Apache-2.0
//
// The loops of image_rows.h on Highway. Each loop body works on one vector; the last, partial one
// goes through a small buffer, so that tails run the same code.
#include "kernels/image_rows.h"

#include <cstring>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/image_rows.cc"
#include "hwy/foreach_target.h"  // NOLINT(build/include_order): Highway's own order
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace safelight {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

using DF = hn::ScalableTag<float>;
constexpr size_t kMaxLanes = 2048 / sizeof(float);

// body(source, target) for each whole vector, then once on padded copies of the rest.
template <typename S, typename T, typename Body>
HWY_INLINE void ForVectors(const S* source, T* target, size_t count, const Body& body) {
  const size_t lanes = hn::Lanes(DF());
  size_t i = 0;
  for (; i + lanes <= count; i += lanes) body(source + i, target + i);
  if (i == count) return;
  HWY_ALIGN S source_tail[kMaxLanes] = {};
  HWY_ALIGN T target_tail[kMaxLanes] = {};
  std::memcpy(source_tail, source + i, (count - i) * sizeof(S));
  std::memcpy(target_tail, target + i, (count - i) * sizeof(T));
  body(source_tail, target_tail);
  std::memcpy(target + i, target_tail, (count - i) * sizeof(T));
}

template <typename S>
HWY_INLINE void ToFloat(const S* source, size_t count, float divisor, float* target) {
  const DF df;
  const hn::Rebind<S, DF> ds;
  const hn::Rebind<int32_t, DF> di;
  const auto d = hn::Set(df, divisor);
  ForVectors(source, target, count, [&](const S* s, float* t) HWY_ATTR {
    hn::StoreU(hn::Div(hn::ConvertTo(df, hn::PromoteTo(di, hn::LoadU(ds, s))), d), df, t);
  });
}

template <typename T>
HWY_INLINE void FromFloat(const float* source, size_t count, float factor, float max, T* target) {
  const DF df;
  const hn::Rebind<T, DF> dt;
  const auto f = hn::Set(df, factor);
  const auto top = hn::Set(df, max);
  const auto zero = hn::Zero(df);
  ForVectors(source, target, count, [&](const float* s, T* t) HWY_ATTR {
    const auto v = hn::Mul(hn::LoadU(df, s), f);
    // A comparison with NaN is false, so NaN becomes zero here on every target.
    const auto clipped = hn::IfThenElseZero(hn::Gt(v, zero), hn::Min(v, top));
    hn::StoreU(hn::DemoteTo(dt, hn::NearestInt(clipped)), dt, t);
  });
}

void U8ToF32(const uint8_t* source, size_t count, float divisor, float* target) {
  ToFloat(source, count, divisor, target);
}
void U16ToF32(const uint16_t* source, size_t count, float divisor, float* target) {
  ToFloat(source, count, divisor, target);
}
void F32ToU8(const float* source, size_t count, float factor, uint8_t* target) {
  FromFloat(source, count, factor, 255.0f, target);
}
void F32ToU16(const float* source, size_t count, float factor, uint16_t* target) {
  FromFloat(source, count, factor, 65535.0f, target);
}

void AddScaled(const float* row, float weight, size_t count, float* target) {
  const DF df;
  const auto w = hn::Set(df, weight);
  ForVectors(row, target, count, [&](const float* s, float* t) HWY_ATTR {
    hn::StoreU(hn::MulAdd(w, hn::LoadU(df, s), hn::LoadU(df, t)), df, t);
  });
}

void WeightedSum(const float* const* rows, const float* weights, size_t row_count, size_t count, float* target) {
  const DF df;
  const size_t lanes = hn::Lanes(df);
  size_t i = 0;
  for (; i + lanes <= count; i += lanes) {
    auto sum = hn::Zero(df);
    for (size_t k = 0; k < row_count; ++k) {
      sum = hn::MulAdd(hn::Set(df, weights[k]), hn::LoadU(df, rows[k] + i), sum);
    }
    hn::StoreU(sum, df, target + i);
  }
  if (i == count) return;
  HWY_ALIGN float tail[kMaxLanes] = {};
  auto sum = hn::Zero(df);
  for (size_t k = 0; k < row_count; ++k) {
    std::memcpy(tail, rows[k] + i, (count - i) * sizeof(float));
    sum = hn::MulAdd(hn::Set(df, weights[k]), hn::LoadU(df, tail), sum);
  }
  hn::StoreU(sum, df, tail);
  std::memcpy(target + i, tail, (count - i) * sizeof(float));
}

}  // namespace HWY_NAMESPACE
}  // namespace safelight
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace safelight {

HWY_EXPORT(U8ToF32);
HWY_EXPORT(U16ToF32);
HWY_EXPORT(F32ToU8);
HWY_EXPORT(F32ToU16);
HWY_EXPORT(AddScaled);
HWY_EXPORT(WeightedSum);

void ImageU8ToF32(const uint8_t* source, size_t count, float divisor, float* target) {
  HWY_DYNAMIC_DISPATCH(U8ToF32)(source, count, divisor, target);
}
void ImageU16ToF32(const uint16_t* source, size_t count, float divisor, float* target) {
  HWY_DYNAMIC_DISPATCH(U16ToF32)(source, count, divisor, target);
}
void ImageF32ToU8(const float* source, size_t count, float factor, uint8_t* target) {
  HWY_DYNAMIC_DISPATCH(F32ToU8)(source, count, factor, target);
}
void ImageF32ToU16(const float* source, size_t count, float factor, uint16_t* target) {
  HWY_DYNAMIC_DISPATCH(F32ToU16)(source, count, factor, target);
}
void ImageAddScaled(const float* row, float weight, size_t count, float* target) {
  HWY_DYNAMIC_DISPATCH(AddScaled)(row, weight, count, target);
}
void ImageWeightedSum(const float* const* rows, const float* weights, size_t row_count, size_t count, float* target) {
  HWY_DYNAMIC_DISPATCH(WeightedSum)(rows, weights, row_count, count, target);
}

}  // namespace safelight
#endif  // HWY_ONCE
