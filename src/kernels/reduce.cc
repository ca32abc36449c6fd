// SPDX-License-Identifier: Apache-2.0
#include "kernels/reduce.h"

#include <limits>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/reduce.cc"
#include "hwy/foreach_target.h"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace safelight::kernels {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// At most four doubles, eight floats: the joining order of the lanes is then the same everywhere.
using Doubles = hn::CappedTag<double, 4>;
using Halves = hn::Rebind<float, Doubles>;
using Floats = hn::CappedTag<float, 8>;

struct Sum {
  using Acc = double;
  using D = Doubles;
  static double One(double acc, float x) { return acc + static_cast<double>(x); }
  static double Join(double a, double b) { return a + b; }
  template <class V>
  static V JoinVectors(V a, V b) {
    return hn::Add(a, b);
  }
  static double Start() { return 0.0; }
  template <class V>
  static V Take(V acc, const float* x) {
    return hn::Add(acc, hn::PromoteTo(D(), hn::LoadU(Halves(), x)));
  }
};

struct Max {
  using Acc = float;
  using D = Floats;
  static float One(float acc, float x) { return x > acc ? x : acc; }
  static float Join(float a, float b) { return b > a ? b : a; }
  template <class V>
  static V JoinVectors(V a, V b) {
    return hn::IfThenElse(hn::Gt(b, a), b, a);
  }
  static float Start() { return std::numeric_limits<float>::lowest(); }
  template <class V>
  static V Take(V acc, const float* x) {
    const V v = hn::LoadU(D(), x);
    return hn::IfThenElse(hn::Gt(v, acc), v, acc);
  }
};

struct Min {
  using Acc = float;
  using D = Floats;
  static float One(float acc, float x) { return x < acc ? x : acc; }
  static float Join(float a, float b) { return b < a ? b : a; }
  template <class V>
  static V JoinVectors(V a, V b) {
    return hn::IfThenElse(hn::Lt(b, a), b, a);
  }
  static float Start() { return std::numeric_limits<float>::max(); }
  template <class V>
  static V Take(V acc, const float* x) {
    const V v = hn::LoadU(D(), x);
    return hn::IfThenElse(hn::Lt(v, acc), v, acc);
  }
};

// Four vectors of lanes at a time are kept in registers for all turns.
template <class Op>
void Lanes(const float* in, int64_t turns, int64_t stride, int64_t lanes, typename Op::Acc* acc) {
  const typename Op::D d;
  const int64_t n = hn::Lanes(d);
  int64_t j = 0;
  for (; j + 4 * n <= lanes; j += 4 * n) {
    auto a = hn::LoadU(d, acc + j), b = hn::LoadU(d, acc + j + n);
    auto c = hn::LoadU(d, acc + j + 2 * n), e = hn::LoadU(d, acc + j + 3 * n);
    const float* x = in + j;
    for (int64_t t = 0; t < turns; ++t, x += stride) {
      a = Op::Take(a, x);
      b = Op::Take(b, x + n);
      c = Op::Take(c, x + 2 * n);
      e = Op::Take(e, x + 3 * n);
    }
    hn::StoreU(a, d, acc + j);
    hn::StoreU(b, d, acc + j + n);
    hn::StoreU(c, d, acc + j + 2 * n);
    hn::StoreU(e, d, acc + j + 3 * n);
  }
  for (; j + n <= lanes; j += n) {
    auto a = hn::LoadU(d, acc + j);
    const float* x = in + j;
    for (int64_t t = 0; t < turns; ++t, x += stride) a = Op::Take(a, x);
    hn::StoreU(a, d, acc + j);
  }
  for (; j < lanes; ++j) {
    for (int64_t t = 0; t < turns; ++t) acc[j] = Op::One(acc[j], in[t * stride + j]);
  }
}

// Sixteen lanes of accumulators joined by halving, in memory.
template <class Op>
typename Op::Acc JoinLanes(typename Op::Acc* acc) {
  for (int64_t half = kReduceLanes / 2; half > 0; half /= 2) {
    for (int64_t j = 0; j < half; ++j) acc[j] = Op::Join(acc[j], acc[j + half]);
  }
  return acc[0];
}

#if HWY_HAVE_SCALABLE || HWY_TARGET == HWY_SCALAR
template <class Op>
typename Op::Acc ReduceGroup(const float* x, int64_t count) {
  typename Op::Acc acc[kReduceLanes];
  for (int64_t j = 0; j < kReduceLanes; ++j) acc[j] = Op::Start();
  const int64_t turns = count / kReduceLanes;
  Lanes<Op>(x, turns, kReduceLanes, kReduceLanes, acc);
  for (int64_t j = turns * kReduceLanes; j < count; ++j) {
    acc[j - turns * kReduceLanes] = Op::One(acc[j - turns * kReduceLanes], x[j]);
  }
  return JoinLanes<Op>(acc);
}
#else
// The lanes of one vector joined by halving.
template <class Op, class D>
HWY_INLINE typename Op::Acc JoinVector(D d, hn::Vec<D> v) {
  if constexpr (hn::MaxLanes(D()) == 1) {
    return hn::GetLane(v);
  } else {
    const hn::Half<D> half;
    return JoinVector<Op>(half, Op::JoinVectors(hn::LowerHalf(half, v), hn::UpperHalf(half, v)));
  }
}

// The same lanes in the same order, in registers.
template <class Op>
HWY_INLINE typename Op::Acc ReduceGroup(const float* x, int64_t count) {
  const typename Op::D d;
  constexpr int64_t n = hn::MaxLanes(typename Op::D()), kVectors = kReduceLanes / n;
  hn::Vec<typename Op::D> acc[kVectors];
  for (int64_t v = 0; v < kVectors; ++v) acc[v] = hn::Set(d, Op::Start());
  int64_t i = 0;
  for (; i + kReduceLanes <= count; i += kReduceLanes) {
    for (int64_t v = 0; v < kVectors; ++v) acc[v] = Op::Take(acc[v], x + i + v * n);
  }
  if (i < count) {
    HWY_ALIGN typename Op::Acc lanes[kReduceLanes];
    for (int64_t v = 0; v < kVectors; ++v) hn::Store(acc[v], d, lanes + v * n);
    for (int64_t j = 0; i + j < count; ++j) lanes[j] = Op::One(lanes[j], x[i + j]);
    return JoinLanes<Op>(lanes);
  }
  for (int64_t half = kVectors / 2; half > 0; half /= 2) {
    for (int64_t v = 0; v < half; ++v) acc[v] = Op::JoinVectors(acc[v], acc[v + half]);
  }
  return JoinVector<Op>(d, acc[0]);
}
#endif

template <class Op, class Finish>
void Each(const float* in, int64_t groups, int64_t in_stride, int64_t count, float* out, int64_t out_stride,
          Finish finish) {
  for (int64_t g = 0; g < groups; ++g) out[g * out_stride] = finish(ReduceGroup<Op>(in + g * in_stride, count));
}

void SumLanesT(const float* in, int64_t turns, int64_t stride, int64_t lanes, double* acc) {
  Lanes<Sum>(in, turns, stride, lanes, acc);
}
void MaxLanesT(const float* in, int64_t turns, int64_t stride, int64_t lanes, float* acc) {
  Lanes<Max>(in, turns, stride, lanes, acc);
}
void MinLanesT(const float* in, int64_t turns, int64_t stride, int64_t lanes, float* acc) {
  Lanes<Min>(in, turns, stride, lanes, acc);
}

void SumEachT(const float* in, int64_t groups, int64_t in_stride, int64_t count, double divisor, float* out,
              int64_t out_stride) {
  Each<Sum>(in, groups, in_stride, count, out, out_stride,
            [divisor](double sum) { return static_cast<float>(sum / divisor); });
}
void MaxEachT(const float* in, int64_t groups, int64_t in_stride, int64_t count, float* out, int64_t out_stride) {
  Each<Max>(in, groups, in_stride, count, out, out_stride, [](float x) { return x; });
}
void MinEachT(const float* in, int64_t groups, int64_t in_stride, int64_t count, float* out, int64_t out_stride) {
  Each<Min>(in, groups, in_stride, count, out, out_stride, [](float x) { return x; });
}

}  // namespace HWY_NAMESPACE
}  // namespace safelight::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace safelight::kernels {

HWY_EXPORT(SumLanesT);
HWY_EXPORT(MaxLanesT);
HWY_EXPORT(MinLanesT);
HWY_EXPORT(SumEachT);
HWY_EXPORT(MaxEachT);
HWY_EXPORT(MinEachT);

void SumLanes(const float* in, int64_t turns, int64_t stride, int64_t lanes, double* acc) {
  HWY_DYNAMIC_DISPATCH(SumLanesT)(in, turns, stride, lanes, acc);
}
void MaxLanes(const float* in, int64_t turns, int64_t stride, int64_t lanes, float* acc) {
  HWY_DYNAMIC_DISPATCH(MaxLanesT)(in, turns, stride, lanes, acc);
}
void MinLanes(const float* in, int64_t turns, int64_t stride, int64_t lanes, float* acc) {
  HWY_DYNAMIC_DISPATCH(MinLanesT)(in, turns, stride, lanes, acc);
}
void SumEach(const float* in, int64_t groups, int64_t in_stride, int64_t count, double divisor, float* out,
             int64_t out_stride) {
  HWY_DYNAMIC_DISPATCH(SumEachT)(in, groups, in_stride, count, divisor, out, out_stride);
}
void MaxEach(const float* in, int64_t groups, int64_t in_stride, int64_t count, float* out, int64_t out_stride) {
  HWY_DYNAMIC_DISPATCH(MaxEachT)(in, groups, in_stride, count, out, out_stride);
}
void MinEach(const float* in, int64_t groups, int64_t in_stride, int64_t count, float* out, int64_t out_stride) {
  HWY_DYNAMIC_DISPATCH(MinEachT)(in, groups, in_stride, count, out, out_stride);
}

}  // namespace safelight::kernels
#endif  // HWY_ONCE
