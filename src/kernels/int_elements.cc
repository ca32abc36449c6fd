// SPDX-License-Identifier: Apache-2.0
#include "kernels/int_elements.h"

#include <algorithm>
#include <limits>
#include <utility>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/int_elements.cc"
#include <hwy/foreach_target.h>
// Must come after foreach_target.h.
#include <hwy/highway.h>

#include "kernels/limits-inl.h"
#include "kernels/requantize-inl.h"

HWY_BEFORE_NAMESPACE();
namespace safelight::kernels::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

using Words = hn::CappedTag<int32_t, 16>;
using Floats = hn::Rebind<float, Words>;
using V = hn::Vec<Words>;
constexpr size_t kLanes = hn::MaxLanes(Words());

// One IntScale in vectors.
class Scale {
 public:
  explicit Scale(const IntScale& by) : by_(by) {
    const Words d;
    factor_ = hn::Set(d, by.factor);
    left_ = hn::Set(d, by.left);
    right_ = hn::Set(d, by.right);
    rest_ = hn::Set(d, static_cast<int32_t>((int64_t{1} << by.right) - 1));
  }
  HWY_INLINE V operator()(V x) const {
    const Words d;
#if HWY_TARGET == HWY_SCALAR
    const int64_t shifted = static_cast<int32_t>(static_cast<uint32_t>(hn::GetLane(x)) << by_.left);
    const int32_t high = static_cast<int32_t>((shifted * by_.factor + (int64_t{1} << 30)) >> 31);
    const int64_t half = by_.right == 0 ? 0 : (int64_t{1} << (by_.right - 1)) - (high < 0 ? 1 : 0);
    return hn::Set(d, static_cast<int32_t>((high + half) >> by_.right));
#else
    x = HighProducts(d, x << left_, factor_, factor_);
    const V threshold = hn::Sub(hn::ShiftRight<1>(rest_), hn::ShiftRight<31>(x));
    return hn::Sub(x >> right_, hn::VecFromMask(d, hn::Gt(hn::And(x, rest_), threshold)));
#endif
  }

 private:
  IntScale by_;
  V factor_, left_, right_, rest_;
};

template <typename T>
HWY_INLINE V LoadWords(const T* from) {
  const Words d;
  const hn::Rebind<T, Words> own;
  return hn::PromoteTo(d, hn::LoadU(own, from));
}
template <typename T>
HWY_INLINE void StoreWords(V x, T* to) {
  const hn::Rebind<T, Words> own;
  hn::StoreU(hn::DemoteTo(own, x), own, to);
}

// vector(i) makes the elements from `i` on, rest(i, count) fewer than a vector of them.
template <class Vector, class Rest>
HWY_INLINE void ForEach(size_t count, const Vector& vector, const Rest& rest) {
  size_t i = 0;
  for (; i + kLanes <= count; i += kLanes) vector(i);
  if (i < count) rest(i, count - i);
}

template <IntBinaryOp op, typename T>
void BinaryOf(const IntBinary& by, const IntOperands<T>& in, size_t count, T* out) {
  const Words d;
  const V a_zero = hn::Set(d, by.a_zero), b_zero = hn::Set(d, by.b_zero), out_zero = hn::Set(d, by.out_zero);
  const V low = hn::Set(d, by.low - by.out_zero), high = hn::Set(d, by.high - by.out_zero);
  const V shift = hn::Set(d, by.shift);
  const Scale scale_a(by.a), scale_b(by.b), scale_out(by.out);
  const auto result = [&](V a, V b) HWY_ATTR __attribute__((always_inline)) {
    a = hn::Sub(a, a_zero);
    b = hn::Sub(b, b_zero);
    if constexpr (op == IntBinaryOp::kMul) {
      a = hn::Mul(a, b);
    } else {
      a = scale_a(a << shift);
      b = scale_b(b << shift);
      a = op == IntBinaryOp::kAdd ? hn::Add(a, b) : hn::Sub(a, b);
    }
    return hn::Add(hn::Min(hn::Max(scale_out(a), low), high), out_zero);
  };
  const auto load = [&](const T* from, size_t step, size_t i)
                        HWY_ATTR { return step == 0 ? hn::Set(d, static_cast<int32_t>(*from)) : LoadWords(from + i); };
  const auto vector = [&](size_t i)
                          HWY_ATTR { StoreWords(result(load(in.a, in.a_step, i), load(in.b, in.b_step, i)), out + i); };
  const auto rest = [&](size_t i, size_t few) HWY_ATTR {
    T a[kLanes] = {}, b[kLanes] = {}, to[kLanes];
    for (size_t k = 0; k < few; ++k) a[k] = in.a[(i + k) * in.a_step], b[k] = in.b[(i + k) * in.b_step];
    StoreWords(result(LoadWords(a), LoadWords(b)), to);
    std::copy_n(to, few, out + i);
  };
  ForEach(count, vector, rest);
}

template <typename T>
void Binary(const IntBinary& by, const IntOperands<T>& in, size_t count, T* out) {
  switch (by.op) {
    case IntBinaryOp::kAdd: return BinaryOf<IntBinaryOp::kAdd>(by, in, count, out);
    case IntBinaryOp::kSub: return BinaryOf<IntBinaryOp::kSub>(by, in, count, out);
    case IntBinaryOp::kMul: return BinaryOf<IntBinaryOp::kMul>(by, in, count, out);
  }
}

template <bool larger, typename T>
void ExtremeOf(const IntOperands<T>& in, size_t count, T* out) {
  const hn::ScalableTag<T> d;
  const size_t lanes = hn::Lanes(d);
  const auto load = [&](const T* from, size_t step, size_t i)
                        HWY_ATTR { return step == 0 ? hn::Set(d, *from) : hn::LoadU(d, from + i); };
  size_t i = 0;
  for (; i + lanes <= count; i += lanes) {
    const auto a = load(in.a, in.a_step, i), b = load(in.b, in.b_step, i);
    hn::StoreU(larger ? hn::Max(a, b) : hn::Min(a, b), d, out + i);
  }
  for (; i < count; ++i) {
    const T a = in.a[i * in.a_step], b = in.b[i * in.b_step];
    out[i] = larger ? std::max(a, b) : std::min(a, b);
  }
}
template <typename T>
void Extreme(bool larger, const IntOperands<T>& in, size_t count, T* out) {
  larger ? ExtremeOf<true>(in, count, out) : ExtremeOf<false>(in, count, out);
}

// Each element alone: function(vector of From) is a vector for To.
template <typename From, typename To, class Load, class Store, class Function>
HWY_INLINE void Unary(const From* in, size_t count, To* out, const Load& load, const Store& store,
                      const Function& function) {
  const auto vector = [&](size_t i) HWY_ATTR { store(function(load(in + i)), out + i); };
  const auto rest = [&](size_t i, size_t few) HWY_ATTR {
    From from[kLanes] = {};
    To to[kLanes];
    std::copy_n(in + i, few, from);
    store(function(load(from)), to);
    std::copy_n(to, few, out + i);
  };
  ForEach(count, vector, rest);
}

template <typename From, typename To>
void Rescale(const IntRescale& by, const From* in, size_t count, To* out) {
  const Words d;
  const V in_zero = hn::Set(d, by.in_zero), out_zero = hn::Set(d, by.out_zero);
  const V low = hn::Set(d, std::numeric_limits<To>::min() - by.out_zero);
  const V high = hn::Set(d, std::numeric_limits<To>::max() - by.out_zero);
  const Scale scale(by.scale);
  Unary(
      in, count, out, [](const From* from) HWY_ATTR { return LoadWords(from); },
      [](V x, To* to) HWY_ATTR { StoreWords(x, to); },
      [&](V x) HWY_ATTR { return hn::Add(hn::Min(hn::Max(scale(hn::Sub(x, in_zero)), low), high), out_zero); });
}

template <typename T>
void Quantize(float scale, int32_t zero_point, const float* in, size_t count, T* out) {
  const Floats d;
  using F = hn::Vec<Floats>;
  const F by = hn::Set(d, scale), half = hn::Set(d, 0.5f), one = hn::Set(d, 1.0f);
  const F low = hn::Set(d, static_cast<float>(std::numeric_limits<T>::min() - zero_point));
  const F high = hn::Set(d, static_cast<float>(std::numeric_limits<T>::max() - zero_point));
  const V zero = hn::Set(Words(), zero_point);
  Unary(
      in, count, out, [](const float* from) HWY_ATTR { return hn::LoadU(Floats(), from); },
      [](V x, T* to) HWY_ATTR { StoreWords(x, to); },
      [&](F x) HWY_ATTR {
        const F real = hn::Div(x, by), whole = hn::Trunc(real);
        const auto up = hn::Ge(hn::Abs(hn::Sub(real, whole)), half);
        const F rounded = hn::Add(whole, hn::IfThenElseZero(up, hn::CopySign(one, real)));
        return hn::Add(hn::ConvertTo(Words(), MinOf(MaxOf(rounded, low), high)), zero);
      });
}

template <typename T>
void Dequantize(float scale, int32_t zero_point, const T* in, size_t count, float* out) {
  const Floats d;
  const auto by = hn::Set(d, scale);
  const V zero = hn::Set(Words(), zero_point);
  Unary(
      in, count, out, [](const T* from) HWY_ATTR { return LoadWords(from); },
      [&](hn::Vec<Floats> x, float* to) HWY_ATTR { hn::StoreU(x, d, to); },
      [&](V x) HWY_ATTR { return hn::Mul(hn::ConvertTo(d, hn::Sub(x, zero)), by); });
}

// All that one type needs, by names that the dispatch can find.
#define SL_OF_TYPE(T, name)                                                                                      \
  void Binary##name(const IntBinary& by, const IntOperands<T>& in, size_t n, T* out) { Binary(by, in, n, out); } \
  void Extreme##name(bool larger, const IntOperands<T>& in, size_t n, T* out) { Extreme(larger, in, n, out); }   \
  void Quantize##name(float scale, int32_t zero, const float* in, size_t n, T* out) {                            \
    Quantize(scale, zero, in, n, out);                                                                           \
  }                                                                                                              \
  void Dequantize##name(float scale, int32_t zero, const T* in, size_t n, float* out) {                          \
    Dequantize(scale, zero, in, n, out);                                                                         \
  }                                                                                                              \
  void To8##name(const IntRescale& by, const T* in, size_t n, int8_t* out) { Rescale(by, in, n, out); }          \
  void ToU8##name(const IntRescale& by, const T* in, size_t n, uint8_t* out) { Rescale(by, in, n, out); }        \
  void To16##name(const IntRescale& by, const T* in, size_t n, int16_t* out) { Rescale(by, in, n, out); }
SL_OF_TYPE(int8_t, 8)
SL_OF_TYPE(uint8_t, U8)
SL_OF_TYPE(int16_t, 16)
#undef SL_OF_TYPE

}  // namespace safelight::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace safelight::kernels {

#define SL_OF_TYPE(T, name)                                                                 \
  namespace {                                                                               \
  HWY_EXPORT(Binary##name);                                                                 \
  HWY_EXPORT(Extreme##name);                                                                \
  HWY_EXPORT(Quantize##name);                                                               \
  HWY_EXPORT(Dequantize##name);                                                             \
  HWY_EXPORT(To8##name);                                                                    \
  HWY_EXPORT(ToU8##name);                                                                   \
  HWY_EXPORT(To16##name);                                                                   \
  }                                                                                         \
  void RunIntBinary(const IntBinary& by, const IntOperands<T>& in, size_t count, T* out) {  \
    HWY_DYNAMIC_DISPATCH(Binary##name)(by, in, count, out);                                 \
  }                                                                                         \
  void RunIntExtreme(bool larger, const IntOperands<T>& in, size_t count, T* out) {         \
    HWY_DYNAMIC_DISPATCH(Extreme##name)(larger, in, count, out);                            \
  }                                                                                         \
  template <>                                                                               \
  void RunIntQuantize(float scale, int32_t zero, const float* in, size_t count, T* out) {   \
    HWY_DYNAMIC_DISPATCH(Quantize##name)(scale, zero, in, count, out);                      \
  }                                                                                         \
  template <>                                                                               \
  void RunIntDequantize(float scale, int32_t zero, const T* in, size_t count, float* out) { \
    HWY_DYNAMIC_DISPATCH(Dequantize##name)(scale, zero, in, count, out);                    \
  }                                                                                         \
  template <>                                                                               \
  void RunIntRescale(const IntRescale& by, const T* in, size_t count, int8_t* out) {        \
    HWY_DYNAMIC_DISPATCH(To8##name)(by, in, count, out);                                    \
  }                                                                                         \
  template <>                                                                               \
  void RunIntRescale(const IntRescale& by, const T* in, size_t count, uint8_t* out) {       \
    HWY_DYNAMIC_DISPATCH(ToU8##name)(by, in, count, out);                                   \
  }                                                                                         \
  template <>                                                                               \
  void RunIntRescale(const IntRescale& by, const T* in, size_t count, int16_t* out) {       \
    HWY_DYNAMIC_DISPATCH(To16##name)(by, in, count, out);                                   \
  }
SL_OF_TYPE(int8_t, 8)
SL_OF_TYPE(uint8_t, U8)
SL_OF_TYPE(int16_t, 16)
#undef SL_OF_TYPE

}  // namespace safelight::kernels
#endif  // HWY_ONCE
