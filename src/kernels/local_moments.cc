// SPDX-License-Identifier: Apache-2.0
//
// Down first, which makes the products on the way, then across five rows of sums.
#include "kernels/local_moments.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/local_moments.cc"
#include "hwy/foreach_target.h"  // NOLINT(build/include_order): Highway's own order
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace safelight {
namespace kernels {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

using DF = hn::ScalableTag<float>;

void Down(const float* const* x, const float* const* y, const float* weights, size_t taps, size_t width, float shift,
          float* const* sums) {
  const DF df;
  const auto center = hn::Set(df, shift);
  for (size_t i = 0; i < width; i += hn::Lanes(df)) {
    auto sx = hn::Zero(df), sy = hn::Zero(df), sxx = hn::Zero(df), syy = hn::Zero(df), sxy = hn::Zero(df);
    for (size_t k = 0; k < taps; ++k) {
      const auto w = hn::Set(df, weights[k]);
      const auto vx = hn::Sub(hn::LoadU(df, x[k] + i), center), vy = hn::Sub(hn::LoadU(df, y[k] + i), center);
      const auto wx = hn::Mul(w, vx), wy = hn::Mul(w, vy);
      sx = hn::Add(sx, wx);
      sy = hn::Add(sy, wy);
      sxx = hn::MulAdd(wx, vx, sxx);
      syy = hn::MulAdd(wy, vy, syy);
      sxy = hn::MulAdd(wx, vy, sxy);
    }
    hn::StoreU(sx, df, sums[0] + i);
    hn::StoreU(sy, df, sums[1] + i);
    hn::StoreU(sxx, df, sums[2] + i);
    hn::StoreU(syy, df, sums[3] + i);
    hn::StoreU(sxy, df, sums[4] + i);
  }
}

void Row(const float* const* x, const float* const* y, const float* weights, size_t taps, size_t width, float shift,
         float* scratch, const Moments& out) {
  const DF df;
  float* sums[5];
  for (size_t k = 0; k < 5; ++k) sums[k] = scratch + k * (width + kMomentsSlack);
  Down(x, y, weights, taps, width, shift, sums);
  const auto center = hn::Set(df, shift);
  const size_t count = width - taps + 1;
  for (size_t i = 0; i < count; i += hn::Lanes(df)) {
    auto sx = hn::Zero(df), sy = hn::Zero(df), sxx = hn::Zero(df), syy = hn::Zero(df), sxy = hn::Zero(df);
    for (size_t k = 0; k < taps; ++k) {
      const auto w = hn::Set(df, weights[k]);
      sx = hn::MulAdd(w, hn::LoadU(df, sums[0] + i + k), sx);
      sy = hn::MulAdd(w, hn::LoadU(df, sums[1] + i + k), sy);
      sxx = hn::MulAdd(w, hn::LoadU(df, sums[2] + i + k), sxx);
      syy = hn::MulAdd(w, hn::LoadU(df, sums[3] + i + k), syy);
      sxy = hn::MulAdd(w, hn::LoadU(df, sums[4] + i + k), sxy);
    }
    hn::StoreU(hn::Add(sx, center), df, out.mean_x + i);
    hn::StoreU(hn::Add(sy, center), df, out.mean_y + i);
    hn::StoreU(hn::Max(hn::NegMulAdd(sx, sx, sxx), hn::Zero(df)), df, out.variance_x + i);
    hn::StoreU(hn::Max(hn::NegMulAdd(sy, sy, syy), hn::Zero(df)), df, out.variance_y + i);
    hn::StoreU(hn::NegMulAdd(sx, sy, sxy), df, out.covariance + i);
  }
}

void Similarity(const Moments& moments, size_t count, float c1, float c2, float factor, float* contrast,
                float* similarity) {
  const DF df;
  const auto k1 = hn::Set(df, c1), k2 = hn::Set(df, c2), f = hn::Set(df, factor), two = hn::Set(df, 2.0f);
  for (size_t i = 0; i < count; i += hn::Lanes(df)) {
    const auto mx = hn::LoadU(df, moments.mean_x + i), my = hn::LoadU(df, moments.mean_y + i);
    const auto vx = hn::LoadU(df, moments.variance_x + i), vy = hn::LoadU(df, moments.variance_y + i);
    const auto cov = hn::LoadU(df, moments.covariance + i);
    const auto cs = hn::Div(hn::MulAdd(hn::Mul(two, f), cov, k2), hn::MulAdd(hn::Add(vx, vy), f, k2));
    const auto mean = hn::Div(hn::MulAdd(hn::Mul(two, mx), my, k1), hn::MulAdd(mx, mx, hn::MulAdd(my, my, k1)));
    hn::StoreU(cs, df, contrast + i);
    hn::StoreU(hn::Mul(cs, mean), df, similarity + i);
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace kernels
}  // namespace safelight
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace safelight::kernels {

HWY_EXPORT(Row);
HWY_EXPORT(Similarity);

void MomentsRow(const float* const* x, const float* const* y, const float* weights, size_t taps, size_t width,
                float shift, float* scratch, const Moments& out) {
  HWY_DYNAMIC_DISPATCH(Row)(x, y, weights, taps, width, shift, scratch, out);
}
void SsimRow(const Moments& moments, size_t count, float c1, float c2, float factor, float* contrast,
             float* similarity) {
  HWY_DYNAMIC_DISPATCH(Similarity)(moments, count, c1, c2, factor, contrast, similarity);
}

}  // namespace safelight::kernels
#endif  // HWY_ONCE
