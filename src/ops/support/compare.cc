// SPDX-License-Identifier: Apache-2.0
#include "ops/support/compare.h"

namespace safelight {
namespace {

template <CompareOp op, typename T>
bool Compare(T a, T b) {
  switch (op) {
    case CompareOp::kEqual: return a == b;
    case CompareOp::kNotEqual: return a != b;
    case CompareOp::kGreater: return a > b;
    case CompareOp::kGreaterEqual: return a >= b;
    case CompareOp::kLess: return a < b;
    case CompareOp::kLessEqual: return a <= b;
    case CompareOp::kAnd: return a != T{0} && b != T{0};
    case CompareOp::kOr: return a != T{0} || b != T{0};
  }
  return false;
}

template <typename T, CompareOp op>
bool Run(const ElementRun& run, const ElementParams&) {
  const T* a = reinterpret_cast<const T*>(run.in[0]);
  const T* b = reinterpret_cast<const T*>(run.in[1]);
  uint8_t* out = reinterpret_cast<uint8_t*>(run.out);
  for (size_t i = 0; i < run.count; ++i) out[i] = Compare<op>(a[i * run.step[0]], b[i * run.step[1]]) ? 1 : 0;
  return true;
}

template <typename T>
ElementRunFunction Find(CompareOp op) {
  switch (op) {
    case CompareOp::kEqual: return Run<T, CompareOp::kEqual>;
    case CompareOp::kNotEqual: return Run<T, CompareOp::kNotEqual>;
    case CompareOp::kGreater: return Run<T, CompareOp::kGreater>;
    case CompareOp::kGreaterEqual: return Run<T, CompareOp::kGreaterEqual>;
    case CompareOp::kLess: return Run<T, CompareOp::kLess>;
    case CompareOp::kLessEqual: return Run<T, CompareOp::kLessEqual>;
    case CompareOp::kAnd: return Run<T, CompareOp::kAnd>;
    case CompareOp::kOr: return Run<T, CompareOp::kOr>;
  }
  return nullptr;
}

// Both operands as multiples of their scales, in fixed point.
template <typename T, CompareOp op>
bool RunScaled(const ElementRun& run, const ElementParams& params) {
  const T* a = reinterpret_cast<const T*>(run.in[0]);
  const T* b = reinterpret_cast<const T*>(run.in[1]);
  uint8_t* out = reinterpret_cast<uint8_t*>(run.out);
  const QuantizedElements& q = params.quantized;
  for (size_t i = 0; i < run.count; ++i) {
    const int32_t x = Scaled((a[i * run.step[0]] - q.a_zero) * (1 << q.left_shift), q.a);
    const int32_t y = Scaled((b[i * run.step[1]] - q.b_zero) * (1 << q.left_shift), q.b);
    out[i] = Compare<op>(x, y) ? 1 : 0;
  }
  return true;
}

template <typename T>
ElementRunFunction FindScaled(CompareOp op) {
  switch (op) {
    case CompareOp::kEqual: return RunScaled<T, CompareOp::kEqual>;
    case CompareOp::kNotEqual: return RunScaled<T, CompareOp::kNotEqual>;
    case CompareOp::kGreater: return RunScaled<T, CompareOp::kGreater>;
    case CompareOp::kGreaterEqual: return RunScaled<T, CompareOp::kGreaterEqual>;
    case CompareOp::kLess: return RunScaled<T, CompareOp::kLess>;
    case CompareOp::kLessEqual: return RunScaled<T, CompareOp::kLessEqual>;
    default: return nullptr;
  }
}

Result<ElementFunction> ChooseScaled(const OpContext& context, CompareOp op) {
  SL_ASSIGN(const Quantization a, QuantizationOf(context.input(0)));
  SL_ASSIGN(const Quantization b, QuantizationOf(context.input(1)));
  ElementFunction function;
  switch (context.input(0).dtype) {
    case DType::kInt8: function.run = FindScaled<int8_t>(op); break;
    case DType::kUInt8: function.run = FindScaled<uint8_t>(op); break;
    default: function.run = FindScaled<int16_t>(op); break;
  }
  if (function.run == nullptr) return UnsupportedElementType(context);
  QuantizedElements& q = function.params.quantized;
  q.left_shift = 8;
  q.a_zero = a.zero_point;
  q.b_zero = b.zero_point;
  q.a = MakeMultiplier(static_cast<double>(a.scale));
  q.b = MakeMultiplier(static_cast<double>(b.scale));
  return function;
}

// TFLite compares int16 as stored but for equality.
bool IsScaled(const OpContext& context, CompareOp op) {
  const DType dtype = context.input(0).dtype;
  if (!IsQuantizedType(dtype) || (context.input(0).quant.empty() && context.input(1).quant.empty())) return false;
  return dtype != DType::kInt16 || op == CompareOp::kEqual || op == CompareOp::kNotEqual;
}

}  // namespace

Status InferCompare(InferContext& context) {
  SL_TRY(InferSameType(context));
  const Shape shape = context.output(0).shape;
  context.SetOutput(0, DType::kBool, shape);
  return {};
}

Result<ElementFunction> ChooseCompare(const OpContext& context, CompareOp op) {
  ElementFunction function;
  if (IsScaled(context, op)) return ChooseScaled(context, op);
  switch (context.input(0).dtype) {
    case DType::kFloat32: function.run = Find<float>(op); break;
    case DType::kInt32: function.run = Find<int32_t>(op); break;
    case DType::kInt64: function.run = Find<int64_t>(op); break;
    case DType::kUInt8:
    case DType::kBool: function.run = Find<uint8_t>(op); break;
    case DType::kInt8: function.run = Find<int8_t>(op); break;
    case DType::kInt16: function.run = Find<int16_t>(op); break;
    case DType::kUInt32: function.run = Find<uint32_t>(op); break;
    default: return UnsupportedElementType(context);
  }
  return function;
}

}  // namespace safelight
