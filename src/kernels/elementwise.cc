// SPDX-License-Identifier: Apache-2.0
#include "kernels/elementwise.h"

#include <cmath>
#include <cstring>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/elementwise.cc"
#include <hwy/foreach_target.h>
// Must come after foreach_target.h.
#include <hwy/highway.h>

#include "kernels/elementwise_math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace safelight::kernels::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

template <UnaryOp op>
V Unary(D d, V x, V parameter) {
  const V zero = hn::Zero(d), one = hn::Set(d, 1.0f), six = hn::Set(d, 6.0f);
  // Max and Min with the variable second keep NaN on x86, as comparisons in the reference do.
  switch (op) {
    case UnaryOp::kAbs: return hn::Abs(x);
    case UnaryOp::kNeg: return hn::Neg(x);
    case UnaryOp::kExp: return ExpOf(d, x);
    case UnaryOp::kLog: return LogOf(d, x);
    case UnaryOp::kSqrt: return hn::Sqrt(x);
    case UnaryOp::kRsqrt: return hn::Div(one, hn::Sqrt(x));
    case UnaryOp::kSquare: return hn::Mul(x, x);
    case UnaryOp::kFloor: return hn::Floor(x);
    case UnaryOp::kCeil: return hn::Ceil(x);
    case UnaryOp::kRound: return hn::Round(x);
    case UnaryOp::kSign: return hn::IfThenElse(hn::Gt(x, zero), one, hn::IfThenElse(hn::Lt(x, zero), hn::Neg(one), x));
    case UnaryOp::kSin: return SineOf<UnaryOp::kSin>(d, x);
    case UnaryOp::kCos: return SineOf<UnaryOp::kCos>(d, x);
    case UnaryOp::kRelu: return MaxOf(zero, x);
    case UnaryOp::kRelu6: return MinOf(six, MaxOf(zero, x));
    case UnaryOp::kReluN1To1: return MinOf(one, MaxOf(hn::Neg(one), x));
    case UnaryOp::kRelu0To1: return MinOf(one, MaxOf(zero, x));
    case UnaryOp::kLeakyRelu: return hn::IfThenElse(hn::Gt(x, zero), x, hn::Mul(x, parameter));
    case UnaryOp::kElu: return EluOf(d, x);
    case UnaryOp::kGelu: return GeluOf(d, x);
    case UnaryOp::kGeluTanh: return GeluTanhOf(d, x);
    case UnaryOp::kHardSwish:
      return hn::Mul(hn::Mul(x, MinOf(six, MaxOf(zero, hn::Add(x, hn::Set(d, 3.0f))))), hn::Set(d, 1.0f / 6.0f));
    case UnaryOp::kTanh: return TanhOf(d, x);
    case UnaryOp::kLogistic: return LogisticOf(d, x);
  }
  return x;
}

// Vectors from the start of the run; the tail goes through the same code in a padded buffer.
template <UnaryOp op>
void RunUnary(const float* in, float* out, size_t count, float parameter) {
  const D d;
  const size_t lanes = hn::Lanes(d);
  const V p = hn::Set(d, parameter);
  size_t i = 0;
  for (; i + lanes <= count; i += lanes) hn::StoreU(Unary<op>(d, hn::LoadU(d, in + i), p), d, out + i);
  if (i == count) return;
  HWY_ALIGN float buffer[HWY_MAX_BYTES / sizeof(float)] = {};
  std::memcpy(buffer, in + i, (count - i) * sizeof(float));
  hn::Store(Unary<op>(d, hn::Load(d, buffer), p), d, buffer);
  std::memcpy(out + i, buffer, (count - i) * sizeof(float));
}

template <BinaryOp op>
V Binary(D d, V a, V b) {
  switch (op) {
    case BinaryOp::kAdd: return hn::Add(a, b);
    case BinaryOp::kSub: return hn::Sub(a, b);
    case BinaryOp::kMul: return hn::Mul(a, b);
    case BinaryOp::kDiv: return hn::Div(a, b);
    case BinaryOp::kMaximum: return hn::IfThenElse(hn::Gt(a, b), a, b);
    case BinaryOp::kMinimum: return hn::IfThenElse(hn::Lt(a, b), a, b);
    case BinaryOp::kSquaredDifference: return hn::Mul(hn::Sub(a, b), hn::Sub(a, b));
    case BinaryOp::kPrelu: return hn::IfThenElse(hn::Ge(a, hn::Zero(d)), a, hn::Mul(a, b));
    case BinaryOp::kPow: return PowOf(d, a, b);
    default: return a;
  }
}

template <BinaryOp op>
void RunBinary(const float* a, size_t a_step, const float* b, size_t b_step, float* out, size_t count, Clamp clamp) {
  if (count == 0) return;
  const D d;
  const size_t lanes = hn::Lanes(d);
  const V low = hn::Set(d, clamp.low), high = hn::Set(d, clamp.high);
  const V a_all = hn::Set(d, *a), b_all = hn::Set(d, *b);
  size_t i = 0;
  for (; i + lanes <= count; i += lanes) {
    const V va = a_step == 0 ? a_all : hn::LoadU(d, a + i);
    const V vb = b_step == 0 ? b_all : hn::LoadU(d, b + i);
    hn::StoreU(MinOf(high, MaxOf(low, Binary<op>(d, va, vb))), d, out + i);
  }
  if (i == count) return;
  const size_t rest = (count - i) * sizeof(float);
  HWY_ALIGN float left[HWY_MAX_BYTES / sizeof(float)] = {}, right[HWY_MAX_BYTES / sizeof(float)] = {};
  if (a_step == 1) std::memcpy(left, a + i, rest);
  if (b_step == 1) std::memcpy(right, b + i, rest);
  const V va = a_step == 0 ? a_all : hn::Load(d, left);
  const V vb = b_step == 0 ? b_all : hn::Load(d, right);
  hn::Store(MinOf(high, MaxOf(low, Binary<op>(d, va, vb))), d, left);
  std::memcpy(out + i, left, rest);
}

// Whole vectors: what is too much of one run is overwritten by the next.
void RepeatEachT(const float* in, int64_t stride, size_t count, size_t repeats, float* out) {
  const hn::CappedTag<float, 16> d;
  for (size_t i = 0; i < count; ++i, in += stride, out += repeats) {
    const auto v = hn::Set(d, *in);
    for (size_t j = 0; j < repeats; j += hn::Lanes(d)) hn::StoreU(v, d, out + j);
  }
}

UnaryRun ChooseUnary(UnaryOp op) {
  switch (op) {
#define SL_CASE(name) \
  case UnaryOp::name: return RunUnary<UnaryOp::name>
    SL_CASE(kAbs);
    SL_CASE(kNeg);
    SL_CASE(kExp);
    SL_CASE(kLog);
    SL_CASE(kSqrt);
    SL_CASE(kRsqrt);
    SL_CASE(kSquare);
    SL_CASE(kFloor);
    SL_CASE(kCeil);
    SL_CASE(kRound);
    SL_CASE(kSign);
    SL_CASE(kSin);
    SL_CASE(kCos);
    SL_CASE(kRelu);
    SL_CASE(kRelu6);
    SL_CASE(kReluN1To1);
    SL_CASE(kRelu0To1);
    SL_CASE(kLeakyRelu);
    SL_CASE(kElu);
    SL_CASE(kGelu);
    SL_CASE(kGeluTanh);
    SL_CASE(kHardSwish);
    SL_CASE(kTanh);
    SL_CASE(kLogistic);
#undef SL_CASE
  }
  return nullptr;
}

BinaryRun ChooseBinary(BinaryOp op) {
  switch (op) {
#define SL_CASE(name) \
  case BinaryOp::name: return RunBinary<BinaryOp::name>
    SL_CASE(kAdd);
    SL_CASE(kSub);
    SL_CASE(kMul);
    SL_CASE(kDiv);
    SL_CASE(kMaximum);
    SL_CASE(kMinimum);
    SL_CASE(kSquaredDifference);
    SL_CASE(kPrelu);
    SL_CASE(kPow);
#undef SL_CASE
    default: return nullptr;
  }
}

}  // namespace safelight::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace safelight::kernels {
namespace {

HWY_EXPORT(ChooseUnary);
HWY_EXPORT(ChooseBinary);
HWY_EXPORT(RepeatEachT);

// Functions without a vector form go element by element.
template <BinaryOp op>
void RunBinaryScalar(const float* a, size_t a_step, const float* b, size_t b_step, float* out, size_t count,
                     Clamp clamp) {
  for (size_t i = 0; i < count; ++i) {
    const float value = BinaryScalar(op, a[i * a_step], b[i * b_step]);
    out[i] = value < clamp.low ? clamp.low : value > clamp.high ? clamp.high : value;
  }
}

}  // namespace

void RepeatEach(const float* in, int64_t stride, size_t count, size_t repeats, float* out) {
  HWY_DYNAMIC_DISPATCH(RepeatEachT)(in, stride, count, repeats, out);
}

UnaryRun FindUnaryRun(UnaryOp op) { return HWY_DYNAMIC_DISPATCH(ChooseUnary)(op); }

BinaryRun FindBinaryRun(BinaryOp op) {
  switch (op) {
    case BinaryOp::kFloorDiv: return RunBinaryScalar<BinaryOp::kFloorDiv>;
    case BinaryOp::kFloorMod: return RunBinaryScalar<BinaryOp::kFloorMod>;
    case BinaryOp::kAtan2: return RunBinaryScalar<BinaryOp::kAtan2>;
    default: return HWY_DYNAMIC_DISPATCH(ChooseBinary)(op);
  }
}

float UnaryScalar(UnaryOp op, float x, float parameter) {
  const auto clamp = [](float v, float low, float high) { return v < low ? low : v > high ? high : v; };
  switch (op) {
    case UnaryOp::kAbs: return std::abs(x);
    case UnaryOp::kNeg: return -x;
    case UnaryOp::kExp: return std::exp(x);
    case UnaryOp::kLog: return std::log(x);
    case UnaryOp::kSqrt: return std::sqrt(x);
    case UnaryOp::kRsqrt: return 1.0f / std::sqrt(x);
    case UnaryOp::kSquare: return x * x;
    case UnaryOp::kFloor: return std::floor(x);
    case UnaryOp::kCeil: return std::ceil(x);
    case UnaryOp::kRound: return std::nearbyint(x);
    case UnaryOp::kSign: return x > 0 ? 1.0f : x < 0 ? -1.0f : x;
    case UnaryOp::kSin: return std::sin(x);
    case UnaryOp::kCos: return std::cos(x);
    case UnaryOp::kRelu: return x < 0 ? 0.0f : x;
    case UnaryOp::kRelu6: return clamp(x, 0, 6);
    case UnaryOp::kReluN1To1: return clamp(x, -1, 1);
    case UnaryOp::kRelu0To1: return clamp(x, 0, 1);
    case UnaryOp::kLeakyRelu: return x > 0 ? x : x * parameter;
    case UnaryOp::kElu: return x < 0 ? std::expm1(x) : x;
    case UnaryOp::kGelu: return 0.5f * x * (1.0f + std::erf(x * 0.70710678118654752f));
    case UnaryOp::kGeluTanh: return 0.5f * x * (1.0f + std::tanh(0.79788456080286536f * (x + 0.044715f * x * x * x)));
    case UnaryOp::kHardSwish: return x * clamp(x + 3.0f, 0, 6) * (1.0f / 6.0f);
    case UnaryOp::kTanh: return std::tanh(x);
    case UnaryOp::kLogistic: return 1.0f / (1.0f + std::exp(-x));
  }
  return x;
}

float BinaryScalar(BinaryOp op, float a, float b) {
  switch (op) {
    case BinaryOp::kAdd: return a + b;
    case BinaryOp::kSub: return a - b;
    case BinaryOp::kMul: return a * b;
    case BinaryOp::kDiv: return a / b;
    case BinaryOp::kMaximum: return a > b ? a : b;
    case BinaryOp::kMinimum: return a < b ? a : b;
    case BinaryOp::kSquaredDifference: return (a - b) * (a - b);
    case BinaryOp::kPrelu: return a >= 0 ? a : a * b;
    case BinaryOp::kPow: return std::pow(a, b);
    // In double, as the format's reference does: the float quotient may round up to the next whole number.
    case BinaryOp::kFloorDiv: return static_cast<float>(std::floor(static_cast<double>(a) / static_cast<double>(b)));
    case BinaryOp::kFloorMod: {
      const float rest = std::fmod(a, b);
      return rest != 0 && (b < 0) != (rest < 0) ? rest + b : rest;
    }
    case BinaryOp::kAtan2: return std::atan2(a, b);
  }
  return a;
}

}  // namespace safelight::kernels
#endif  // HWY_ONCE
