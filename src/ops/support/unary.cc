// SPDX-License-Identifier: Apache-2.0
#include "ops/support/unary.h"

#include "ops/support/quantized_unary.h"

namespace safelight {
namespace {

using kernels::UnaryOp;

bool RunFloat(const ElementRun& run, const ElementParams& params) {
  params.unary(reinterpret_cast<const float*>(run.in[0]), reinterpret_cast<float*>(run.out), run.count,
               params.parameter);
  return true;
}

template <UnaryOp op>
bool RunPlain(const ElementRun& run, const ElementParams& params) {
  const float* in = reinterpret_cast<const float*>(run.in[0]);
  float* out = reinterpret_cast<float*>(run.out);
  for (size_t i = 0; i < run.count; ++i) out[i] = kernels::UnaryScalar(op, in[i], params.parameter);
  return true;
}

// The plain functions of all ops, by number.
template <int... numbers>
ElementRunFunction FindPlain(UnaryOp op, std::integer_sequence<int, numbers...>) {
  static constexpr ElementRunFunction kRuns[] = {RunPlain<static_cast<UnaryOp>(numbers)>...};
  return kRuns[static_cast<int>(op)];
}
constexpr int kUnaryOps = static_cast<int>(UnaryOp::kLogistic) + 1;

template <typename T>
T Integer(UnaryOp op, T x) {
  using U = std::make_unsigned_t<T>;  // overflow wraps, as in the reference kernels on every machine at hand
  switch (op) {
    case UnaryOp::kAbs: return x < 0 ? static_cast<T>(-static_cast<U>(x)) : x;
    case UnaryOp::kNeg: return static_cast<T>(-static_cast<U>(x));
    case UnaryOp::kSquare: return static_cast<T>(static_cast<U>(x) * static_cast<U>(x));
    case UnaryOp::kSign: return static_cast<T>((x > 0) - (x < 0));
    case UnaryOp::kRelu: return x < 0 ? T{0} : x;
    default: return x;
  }
}

template <typename T, UnaryOp op>
bool RunInteger(const ElementRun& run, const ElementParams&) {
  const T* in = reinterpret_cast<const T*>(run.in[0]);
  T* out = reinterpret_cast<T*>(run.out);
  for (size_t i = 0; i < run.count; ++i) out[i] = Integer<T>(op, in[i]);
  return true;
}

template <typename T>
ElementRunFunction FindInteger(UnaryOp op) {
  switch (op) {
    case UnaryOp::kAbs: return RunInteger<T, UnaryOp::kAbs>;
    case UnaryOp::kNeg: return RunInteger<T, UnaryOp::kNeg>;
    case UnaryOp::kSquare: return RunInteger<T, UnaryOp::kSquare>;
    case UnaryOp::kSign: return RunInteger<T, UnaryOp::kSign>;
    case UnaryOp::kRelu: return RunInteger<T, UnaryOp::kRelu>;
    default: return nullptr;
  }
}

}  // namespace

Status InferUnary(InferContext& context) {
  context.SetOutput(0, context.input(0).dtype, context.input(0).shape);
  return {};
}

Result<ElementFunction> ChooseUnary(const OpContext& context, UnaryOp op, float parameter, bool plain) {
  if (IsQuantizedType(context.input(0).dtype)) return ChooseQuantizedUnary(context, op, parameter);
  ElementFunction function;
  function.params.parameter = parameter;
  switch (context.input(0).dtype) {
    case DType::kFloat32:
      function.params.unary = kernels::FindUnaryRun(op);
      function.run = plain ? FindPlain(op, std::make_integer_sequence<int, kUnaryOps>()) : RunFloat;
      break;
    case DType::kInt32: function.run = FindInteger<int32_t>(op); break;
    case DType::kInt64: function.run = FindInteger<int64_t>(op); break;
    default: break;
  }
  if (function.run == nullptr) return UnsupportedElementType(context);
  return function;
}

}  // namespace safelight
