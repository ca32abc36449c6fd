// SPDX-License-Identifier: Apache-2.0
#include "kernels/reduce_softmax.h"

#include <algorithm>
#include <cmath>
#include <limits>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/reduce_softmax.cc"
#include "hwy/foreach_target.h"
#include "hwy/highway.h"

// After foreach_target.h, which includes this file once for each target.
#include "hwy/contrib/math/math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace safelight::kernels {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

using D = hn::CappedTag<float, 8>;

// Floats that pass through exp together: many pixels of few channels, or a part of a long one.
constexpr int64_t kChunk = 1024;

float Highest(const float* x, int64_t depth) {
  const D d;
  const int64_t n = hn::Lanes(d);
  float highest = std::numeric_limits<float>::lowest();
  int64_t i = 0;
  if (depth >= n) {
    auto lanes = hn::Set(d, highest);
    for (; i + n <= depth; i += n) {
      const auto v = hn::LoadU(d, x + i);
      lanes = hn::IfThenElse(hn::Gt(v, lanes), v, lanes);
    }
    HWY_ALIGN float each[8];
    hn::Store(lanes, d, each);
    for (int64_t j = 0; j < n; ++j) highest = std::max(highest, each[j]);
  }
  for (; i < depth; ++i) highest = x[i] > highest ? x[i] : highest;
  return highest;
}

// Four interleaved sums, joined in one fixed order.
double SumOf(const float* x, int64_t count) {
  double sum[4] = {};
  int64_t i = 0;
  for (; i + 4 <= count; i += 4) {
    sum[0] += x[i];
    sum[1] += x[i + 1];
    sum[2] += x[i + 2];
    sum[3] += x[i + 3];
  }
  for (; i < count; ++i) sum[i & 3] += x[i];
  return (sum[0] + sum[2]) + (sum[1] + sum[3]);
}

// to = (from - highest) * beta
HWY_INLINE void Shift(const float* from, int64_t count, float highest, float beta, float* to) {
  const D d;
  const int64_t n = hn::Lanes(d);
  int64_t i = 0;
  for (; i + n <= count; i += n) {
    const auto v = hn::Sub(hn::LoadU(d, from + i), hn::Set(d, highest));
    hn::StoreU(hn::Mul(v, hn::Set(d, beta)), d, to + i);
  }
  for (; i < count; ++i) to[i] = (from[i] - highest) * beta;
}

HWY_INLINE void Divide(const float* from, int64_t count, float divisor, float* to) {
  const D d;
  const int64_t n = hn::Lanes(d);
  int64_t i = 0;
  for (; i + n <= count; i += n) hn::StoreU(hn::Div(hn::LoadU(d, from + i), hn::Set(d, divisor)), d, to + i);
  for (; i < count; ++i) to[i] = from[i] / divisor;
}

HWY_INLINE void Subtract(const float* from, int64_t count, float highest, float log_sum, float* to) {
  const D d;
  const int64_t n = hn::Lanes(d);
  int64_t i = 0;
  for (; i + n <= count; i += n) {
    const auto v = hn::Sub(hn::LoadU(d, from + i), hn::Set(d, highest));
    hn::StoreU(hn::Sub(v, hn::Set(d, log_sum)), d, to + i);
  }
  for (; i < count; ++i) to[i] = (from[i] - highest) - log_sum;
}

// The floats up to the next whole vector change too: every element sees the same vector code.
void ExpAll(float* chunk, int64_t count) {
  const D d;
  const int64_t n = hn::Lanes(d);
  for (int64_t i = 0; i < count; i += n) {
    const auto x = hn::Load(d, chunk + i);
    // Exp makes a number even of what is none, which would hide it.
    hn::Store(hn::IfThenElse(hn::IsNaN(x), x, hn::Exp(d, x)), d, chunk + i);
  }
}

HWY_INLINE void Finish(const float* in, const float* exps, int64_t depth, float highest, double sum, bool log,
                       float* out) {
  if (log) {
    Subtract(in, depth, highest, static_cast<float>(std::log(sum)), out);
  } else {
    Divide(exps, depth, static_cast<float>(sum), out);
  }
}

// Pixels of at most kChunk floats, as many as fit at once.
void ShortPixels(const PixelRun& run, float beta, bool log) {
  HWY_ALIGN float chunk[kChunk] = {};
  float highest[kChunk];
  const int64_t depth = run.depth;
  const int64_t fit = kChunk / depth;
  for (int64_t begin = 0; begin < run.pixels; begin += fit) {
    const int64_t pixels = std::min(fit, run.pixels - begin);
    for (int64_t p = 0; p < pixels; ++p) {
      const float* in = run.in + (begin + p) * run.in_stride;
      highest[p] = Highest(in, depth);
      Shift(in, depth, highest[p], beta, chunk + p * depth);
    }
    ExpAll(chunk, pixels * depth);
    for (int64_t p = 0; p < pixels; ++p) {
      const float* exps = chunk + p * depth;
      Finish(run.in + (begin + p) * run.in_stride, exps, depth, highest[p], SumOf(exps, depth), log,
             run.out + (begin + p) * run.out_stride);
    }
  }
}

void LongPixel(const float* in, int64_t depth, float beta, bool log, float* out) {
  HWY_ALIGN float chunk[kChunk];
  const float highest = Highest(in, depth);
  double sum = 0;
  for (int64_t i = 0; i < depth; i += kChunk) {
    const int64_t count = std::min(kChunk, depth - i);
    Shift(in + i, count, highest, beta, chunk);
    std::fill(chunk + count, chunk + kChunk, 0.0f);
    ExpAll(chunk, count);
    sum += SumOf(chunk, count);
    if (!log) std::copy(chunk, chunk + count, out + i);
  }
  Finish(in, out, depth, highest, sum, log, out);
}

void SoftmaxPixelsT(const PixelRun& run, float beta, bool log) {
  if (run.depth == 0) return;
  if (run.depth <= kChunk) return ShortPixels(run, beta, log);
  for (int64_t p = 0; p < run.pixels; ++p) {
    LongPixel(run.in + p * run.in_stride, run.depth, beta, log, run.out + p * run.out_stride);
  }
}

void L2NormalizePixelsT(const PixelRun& run, float epsilon) {
  for (int64_t p = 0; p < run.pixels; ++p) {
    const float* in = run.in + p * run.in_stride;
    double sum[4] = {};
    for (int64_t i = 0; i < run.depth; ++i) {
      const double x = in[i];
      sum[i & 3] += x * x;
    }
    const double length = std::sqrt((sum[0] + sum[2]) + (sum[1] + sum[3]));
    Divide(in, run.depth, std::max(static_cast<float>(length), epsilon), run.out + p * run.out_stride);
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace safelight::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace safelight::kernels {

HWY_EXPORT(SoftmaxPixelsT);
HWY_EXPORT(L2NormalizePixelsT);

void SoftmaxPixels(const PixelRun& run, float beta) { HWY_DYNAMIC_DISPATCH(SoftmaxPixelsT)(run, beta, false); }
void LogSoftmaxPixels(const PixelRun& run) { HWY_DYNAMIC_DISPATCH(SoftmaxPixelsT)(run, 1.0f, true); }
void L2NormalizePixels(const PixelRun& run, float epsilon) { HWY_DYNAMIC_DISPATCH(L2NormalizePixelsT)(run, epsilon); }

}  // namespace safelight::kernels
#endif  // HWY_ONCE
