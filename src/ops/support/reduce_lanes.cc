// SPDX-License-Identifier: Apache-2.0
#include "ops/support/reduce_lanes.h"

#include <cstdint>
#include <limits>
#include <type_traits>

#include "kernels/reduce.h"

namespace safelight {
namespace {

// How two become one, in the accumulator's type. Integers wrap around, as they do in TFLite on every machine of today.
template <ReduceKind kind, typename Acc>
struct Combine {
  static Acc Start() {
    if constexpr (kind == ReduceKind::kMax) return std::numeric_limits<Acc>::lowest();
    if constexpr (kind == ReduceKind::kMin) return std::numeric_limits<Acc>::max();
    if constexpr (kind == ReduceKind::kProd || kind == ReduceKind::kAll) return Acc{1};
    return Acc{0};
  }
  template <typename T>
  static Acc Of(T x) {
    if constexpr (kind == ReduceKind::kAny || kind == ReduceKind::kAll) return x != 0;
    return static_cast<Acc>(x);
  }
  static Acc Two(Acc a, Acc b) {
    if constexpr (kind == ReduceKind::kMax) return b > a ? b : a;
    if constexpr (kind == ReduceKind::kMin) return b < a ? b : a;
    if constexpr (kind == ReduceKind::kAny) return a | b;
    if constexpr (kind == ReduceKind::kAll) return a & b;
    if constexpr (std::is_integral_v<Acc>) {
      const uint64_t wide_a = static_cast<uint64_t>(a), wide_b = static_cast<uint64_t>(b);
      return static_cast<Acc>(kind == ReduceKind::kProd ? wide_a * wide_b : wide_a + wide_b);
    } else {
      return kind == ReduceKind::kProd ? a * b : a + b;
    }
  }
};

template <typename T, typename Acc>
T Divided(Acc sum, int64_t divisor) {
  if (divisor == 0) {  // the mean of nothing, as TFLite leaves it
    return std::is_floating_point_v<T> ? std::numeric_limits<T>::quiet_NaN() : T{0};
  }
  if constexpr (std::is_floating_point_v<Acc>) return static_cast<T>(sum / static_cast<Acc>(divisor));
  return static_cast<T>(sum / static_cast<Acc>(divisor));
}

// Loops over lanes of type Acc.
template <ReduceKind kind, typename T, typename Acc>
struct Loops {
  using C = Combine<kind, Acc>;
  static void Start(void* acc, int64_t count) { std::fill_n(static_cast<Acc*>(acc), count, C::Start()); }
  static void Take(const void* in, int64_t turns, int64_t stride, int64_t count, void* acc) {
    const T* x = static_cast<const T*>(in);
    Acc* lane = static_cast<Acc*>(acc);
    for (int64_t t = 0; t < turns; ++t, x += stride) {
      for (int64_t j = 0; j < count; ++j) {
        lane[j] = C::Two(lane[j], C::Of(x[j]));
      }
    }
  }
  static void Join(void* acc, const void* other, int64_t count) {
    Acc* a = static_cast<Acc*>(acc);
    const Acc* b = static_cast<const Acc*>(other);
    for (int64_t j = 0; j < count; ++j) a[j] = C::Two(a[j], b[j]);
  }
  static void Finish(const void* acc, int64_t count, int64_t divisor, void* out) {
    const Acc* a = static_cast<const Acc*>(acc);
    T* to = static_cast<T*>(out);
    for (int64_t j = 0; j < count; ++j) {
      to[j] = kind == ReduceKind::kMean ? Divided<T>(a[j], divisor) : static_cast<T>(a[j]);
    }
  }
  static constexpr ReduceLoops All() {
    return {sizeof(T), sizeof(Acc), Start, Take, Join, Finish, nullptr, kind == ReduceKind::kMean};
  }
};

void TakeSum(const void* in, int64_t turns, int64_t stride, int64_t count, void* acc) {
  kernels::SumLanes(static_cast<const float*>(in), turns, stride, count, static_cast<double*>(acc));
}
void TakeMax(const void* in, int64_t turns, int64_t stride, int64_t count, void* acc) {
  kernels::MaxLanes(static_cast<const float*>(in), turns, stride, count, static_cast<float*>(acc));
}
void TakeMin(const void* in, int64_t turns, int64_t stride, int64_t count, void* acc) {
  kernels::MinLanes(static_cast<const float*>(in), turns, stride, count, static_cast<float*>(acc));
}
void EachSum(const void* in, int64_t groups, int64_t in_stride, int64_t count, int64_t divisor, void* out,
             int64_t out_stride) {
  kernels::SumEach(static_cast<const float*>(in), groups, in_stride, count, static_cast<double>(divisor),
                   static_cast<float*>(out), out_stride);
}
void EachMax(const void* in, int64_t groups, int64_t in_stride, int64_t count, int64_t, void* out, int64_t out_stride) {
  kernels::MaxEach(static_cast<const float*>(in), groups, in_stride, count, static_cast<float*>(out), out_stride);
}
void EachMin(const void* in, int64_t groups, int64_t in_stride, int64_t count, int64_t, void* out, int64_t out_stride) {
  kernels::MinEach(static_cast<const float*>(in), groups, in_stride, count, static_cast<float*>(out), out_stride);
}

template <ReduceKind kind>
ReduceLoops FloatLoops() {
  constexpr bool sums = kind == ReduceKind::kSum || kind == ReduceKind::kMean;
  using Acc = std::conditional_t<kind == ReduceKind::kMax || kind == ReduceKind::kMin, float, double>;
  ReduceLoops loops = Loops<kind, float, Acc>::All();
  if (sums) loops.take = TakeSum, loops.each = EachSum;
  if (kind == ReduceKind::kMax) loops.take = TakeMax, loops.each = EachMax;
  if (kind == ReduceKind::kMin) loops.take = TakeMin, loops.each = EachMin;
  return loops;
}

// The element types a kind is built for: `visit(T)`, or Unsupported.
template <ReduceKind kind, typename Visit>
Status VisitType(DType dtype, Visit visit) {
  constexpr bool logical = kind == ReduceKind::kAny || kind == ReduceKind::kAll;
  constexpr bool ordered = kind == ReduceKind::kMax || kind == ReduceKind::kMin;
  if constexpr (logical) {
    if (dtype == DType::kBool) return visit(uint8_t{});
  } else {
    if (dtype == DType::kFloat32) return visit(float{});
    if (dtype == DType::kInt32) return visit(int32_t{});
    if (dtype == DType::kInt64) return visit(int64_t{});
    // The largest stored integer is the largest number too: no arithmetic on scales.
    if constexpr (ordered) {
      if (dtype == DType::kInt8) return visit(int8_t{});
      if (dtype == DType::kUInt8) return visit(uint8_t{});
      if (dtype == DType::kInt16) return visit(int16_t{});
    }
  }
  return Unsupported(DTypeName(dtype), " arithmetic is not built yet");
}

template <ReduceKind kind>
Result<ReduceLoops> FindLoops(DType dtype) {
  ReduceLoops loops{};
  SL_TRY(VisitType<kind>(dtype, [&](auto zero) {
    using T = decltype(zero);
    if constexpr (std::is_same_v<T, float>) {
      loops = FloatLoops<kind>();
    } else if constexpr (kind == ReduceKind::kSum || kind == ReduceKind::kMean || kind == ReduceKind::kProd) {
      loops = Loops<kind, T, int64_t>::All();
    } else {
      loops = Loops<kind, T, T>::All();
    }
    return Status();
  }));
  return loops;
}

template <ReduceKind kind, typename T>
Status Whole(const std::vector<bool>& reduced, int64_t divisor, const ConstTensorView& input,
             const TensorView& output) {
  using Acc = std::conditional_t<std::is_integral_v<T> && kind == ReduceKind::kMean, int64_t, T>;
  using C = Combine<kind, Acc>;
  const Shape& shape = input.shape;
  std::vector<int64_t> stride(shape.rank(), 0);
  int64_t outputs = 1, count = 1;
  for (int axis = shape.rank() - 1; axis >= 0; --axis) {
    if (reduced[axis]) {
      count *= shape[axis];
    } else {
      stride[axis] = outputs;
      outputs *= shape[axis];
    }
  }
  std::vector<Acc> acc(outputs, C::Start());
  const T* x = static_cast<const T*>(input.data);
  const int64_t elements = shape.elements();
  for (int64_t i = 0; i < elements; ++i) {
    int64_t rest = i, to = 0;
    for (int axis = shape.rank() - 1; axis >= 0; --axis) {
      to += rest % shape[axis] * stride[axis];
      rest /= shape[axis];
    }
    acc[to] = C::Two(acc[to], C::Of(x[i]));
  }
  T* out = static_cast<T*>(output.data);
  for (int64_t i = 0; i < outputs; ++i) {
    out[i] = kind == ReduceKind::kMean ? Divided<T>(acc[i], divisor > 0 ? divisor : count) : static_cast<T>(acc[i]);
  }
  return {};
}

// Calls visit with the kind as a constant.
template <typename Visit>
auto VisitKind(ReduceKind kind, Visit visit) {
  using K = ReduceKind;
  switch (kind) {
    case K::kMean: return visit(std::integral_constant<K, K::kMean>());
    case K::kSum: return visit(std::integral_constant<K, K::kSum>());
    case K::kMax: return visit(std::integral_constant<K, K::kMax>());
    case K::kMin: return visit(std::integral_constant<K, K::kMin>());
    case K::kProd: return visit(std::integral_constant<K, K::kProd>());
    case K::kAny: return visit(std::integral_constant<K, K::kAny>());
    case K::kAll: break;
  }
  return visit(std::integral_constant<K, K::kAll>());
}

}  // namespace

Result<ReduceLoops> FindReduceLoops(ReduceKind kind, DType dtype) {
  return VisitKind(kind, [&](auto k) { return FindLoops<decltype(k)::value>(dtype); });
}

Status ReduceWhole(ReduceKind kind, const std::vector<bool>& reduced, int64_t divisor, const ConstTensorView& input,
                   const TensorView& output) {
  return VisitKind(kind, [&](auto k) {
    return VisitType<decltype(k)::value>(input.dtype, [&](auto zero) {
      return Whole<decltype(k)::value, decltype(zero)>(reduced, divisor, input, output);
    });
  });
}

}  // namespace safelight
