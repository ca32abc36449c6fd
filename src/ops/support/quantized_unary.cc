// SPDX-License-Identifier: Apache-2.0
#include "ops/support/quantized_unary.h"

#include <cmath>
#include <functional>

#include "ops/support/fixed_point.h"
#include "ops/support/quantized_curves.h"

namespace safelight {
namespace {

using kernels::UnaryOp;

// One node's operand and result.
struct Operands {
  DType dtype;
  Quantization in, out;
  StoredRange range;
};

template <typename T>
bool RunTable(const ElementRun& run, const ElementParams& params) {
  const T* in = reinterpret_cast<const T*>(run.in[0]);
  T* out = reinterpret_cast<T*>(run.out);
  const int16_t* table = params.quantized.table->data() - static_cast<ptrdiff_t>(std::numeric_limits<T>::min());
  for (size_t i = 0; i < run.count; ++i) out[i] = static_cast<T>(table[in[i * run.step[0]]]);
  return true;
}

// A function of stored values, or nothing where TFLite has none.
using StoredFunction = std::function<int32_t(int32_t)>;

Result<ElementFunction> Tabulate(const Operands& o, const StoredFunction& f) {
  auto table = std::make_shared<std::vector<int16_t>>();
  table->reserve(static_cast<size_t>(o.range.high - o.range.low) + 1);
  for (int32_t x = o.range.low; x <= o.range.high; ++x) table->push_back(static_cast<int16_t>(f(x)));
  ElementFunction function;
  function.run = o.dtype == DType::kInt8    ? RunTable<int8_t>
                 : o.dtype == DType::kUInt8 ? RunTable<uint8_t>
                                            : RunTable<int16_t>;
  function.params.quantized.table = std::move(table);
  return function;
}

// RELU and its kin: scaled, then limited.
Result<StoredFunction> Limited(const Operands& o, const kernels::Clamp& clamp) {
  SL_ASSIGN(const StoredRange limits, StoredLimits(clamp, o.dtype, o.out));
  const Multiplier ratio = MakeMultiplier(static_cast<double>(o.in.scale / o.out.scale));
  return StoredFunction(
      [=](int32_t x) { return limits(int64_t{Scaled(x - o.in.zero_point, ratio)} + o.out.zero_point); });
}

StoredFunction LeakyRelu(const Operands& o, float alpha) {
  const Multiplier slope = MakeMultiplier(static_cast<double>(o.in.scale * alpha / o.out.scale));
  const Multiplier same = MakeMultiplier(static_cast<double>(o.in.scale / o.out.scale));
  return [=](int32_t x) {
    const int32_t value = x - o.in.zero_point;
    return o.range(int64_t{Scaled(value, value >= 0 ? same : slope)} + o.out.zero_point);
  };
}

StoredFunction Abs(const Operands& o) {
  const Multiplier ratio = MakeMultiplier(static_cast<double>(o.in.scale / o.out.scale));
  const bool rescales = o.in.scale != o.out.scale;
  return [=](int32_t x) {
    const int32_t value = std::abs(x - o.in.zero_point);
    return o.range(int64_t{rescales ? Scaled(value, ratio) : value} + o.out.zero_point);
  };
}

// A float function: exact for each of the 256 values, from 513 samples for int16.
StoredFunction Curve(const Operands& o, float (*f)(float, float), float parameter) {
  if (o.dtype == DType::kInt16) {
    auto samples = std::make_shared<std::vector<int16_t>>(SampleCurve<float>(
        o.in.scale, o.in.zero_point, o.out.scale, o.out.zero_point, [=](float x) { return f(x, parameter); }));
    return [=](int32_t x) { return Interpolate(*samples, x); };
  }
  const float inverse = 1 / o.out.scale;
  return [=](int32_t x) {
    const float y = f(o.in.scale * static_cast<float>(x - o.in.zero_point), parameter);
    const float stored = std::round(y * inverse) + static_cast<float>(o.out.zero_point);
    // What does not fit into an int32 becomes the lowest one, as on x86.
    return o.range(std::abs(stored) < 0x1p31f ? static_cast<int64_t>(stored) : INT32_MIN);
  };
}

float LogisticOf(float x, float) { return 1.0f / (1.0f + std::exp(-x)); }
float TanhOf(float x, float) { return std::tanh(x); }
float EluOf(float x, float) { return x < 0.0f ? std::expm1(x) : x; }
float ExpOf(float x, float) { return std::exp(x); }
float LogOf(float x, float lowest) { return x <= 0.0f ? lowest : std::log(x); }
float RsqrtOf(float x, float highest) { return x <= 0.0f ? highest : 1.0f / std::sqrt(x); }
float GeluOf(float x, float) { return 0.5f * x * (1.0f + std::erf(x * static_cast<float>(M_SQRT1_2))); }
float GeluTanhOf(float x, float) {
  constexpr float kScale = static_cast<float>(M_2_SQRTPI * M_SQRT1_2);
  return 0.5f * x * (1.0f + std::tanh(kScale * (x + 0.044715f * x * x * x)));
}

// Nothing has the largest result, and so has what has no root.
StoredFunction RsqrtOfBytes(const Operands& o) {
  constexpr int kShift = 20;  // keeps the root whole
  const float product = std::sqrt(o.in.scale) * o.out.scale;
  Multiplier scale = MakeMultiplier(1.0 / static_cast<double>(product));
  scale.shift -= kShift;
  return [=](int32_t x) {
    if (x <= o.in.zero_point) return o.range.high;
    Multiplier root = InverseRoot(x - o.in.zero_point);
    root.shift += kShift;
    return o.range(int64_t{Scaled(Scaled(1, root), scale)} + o.out.zero_point);
  };
}

Status CheckOutScale(const Operands& o, float scale, int32_t zero_point) {
  if (o.out.scale == scale && o.out.zero_point == zero_point) return {};
  return InvalidArgument("the output has scale ", o.out.scale, " and zero point ", o.out.zero_point, ", must be ",
                         scale, " and ", zero_point);
}

Result<StoredFunction> Sigmoid(const Operands& o, bool tanh) {
  if (o.dtype == DType::kInt16) {
    SL_TRY(CheckOutScale(o, 1.0f / 32768, 0));
    return tanh ? TanhOfWords(o.in.scale) : LogisticOfWords(o.in.scale);
  }
  if (!tanh && o.out.scale != 1.0f / 256) {
    return InvalidArgument("the output has scale ", o.out.scale, ", must be ", 1.0f / 256);
  }
  return Curve(o, tanh ? TanhOf : LogisticOf, 0);
}

Result<StoredFunction> FindFunction(const Operands& o, UnaryOp op, float parameter) {
  const bool words = o.dtype == DType::kInt16, signs = o.dtype == DType::kInt8;
  switch (op) {
    case UnaryOp::kRelu: return Limited(o, {.low = 0});
    case UnaryOp::kRelu6: return Limited(o, {0, 6});
    case UnaryOp::kReluN1To1:
    case UnaryOp::kRelu0To1:
      if (!words) return Limited(o, {op == UnaryOp::kReluN1To1 ? -1.0f : 0.0f, 1});
      break;
    case UnaryOp::kLeakyRelu: return LeakyRelu(o, parameter);
    case UnaryOp::kLogistic: return Sigmoid(o, false);
    case UnaryOp::kTanh: return Sigmoid(o, true);
    case UnaryOp::kHardSwish:
      if (!words) return HardSwishOfBytes(o.in, o.out, o.range);
      break;
    case UnaryOp::kElu:
      if (signs) return Curve(o, EluOf, 0);
      break;
    case UnaryOp::kGelu:
      if (!words) return Curve(o, GeluOf, 0);
      break;
    case UnaryOp::kGeluTanh:
      if (!words) return Curve(o, GeluTanhOf, 0);
      break;
    case UnaryOp::kAbs:
      if (signs || words) return Abs(o);
      break;
    case UnaryOp::kExp:
      if (signs || words) return Curve(o, ExpOf, 0);
      break;
    case UnaryOp::kLog:
      if (signs || words) return Curve(o, LogOf, static_cast<float>(o.range.low - o.out.zero_point) * o.out.scale);
      break;
    case UnaryOp::kRsqrt:
      if (signs) return RsqrtOfBytes(o);
      if (words) return Curve(o, RsqrtOf, static_cast<float>(o.range.high) * o.out.scale);
      break;
    default: break;
  }
  return Unsupported(DTypeName(o.dtype), " arithmetic, which TFLite does not define for this op");
}

}  // namespace

Result<ElementFunction> ChooseQuantizedUnary(const OpContext& context, UnaryOp op, float parameter) {
  Operands o{context.input(0).dtype, {}, {}, RangeOfType(context.input(0).dtype)};
  SL_ASSIGN(o.in, QuantizationOf(context.input(0)));
  SL_ASSIGN(o.out, QuantizationOf(context.output(0)));
  SL_ASSIGN(const StoredFunction function, FindFunction(o, op, parameter));
  return Tabulate(o, function);
}

}  // namespace safelight
