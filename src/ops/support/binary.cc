// SPDX-License-Identifier: Apache-2.0
#include "ops/support/binary.h"

#include <cmath>
#include <limits>
#include <type_traits>

#include "ops/support/quantized_binary.h"

namespace safelight {
namespace {

using kernels::BinaryOp;

bool RunFloat(const ElementRun& run, const ElementParams& params) {
  params.binary(reinterpret_cast<const float*>(run.in[0]), run.step[0], reinterpret_cast<const float*>(run.in[1]),
                run.step[1], reinterpret_cast<float*>(run.out), run.count, params.clamp);
  return true;
}

template <BinaryOp op>
bool RunPlain(const ElementRun& run, const ElementParams& params) {
  const float* a = reinterpret_cast<const float*>(run.in[0]);
  const float* b = reinterpret_cast<const float*>(run.in[1]);
  float* out = reinterpret_cast<float*>(run.out);
  for (size_t i = 0; i < run.count; ++i) {
    const float value = kernels::BinaryScalar(op, a[i * run.step[0]], b[i * run.step[1]]);
    out[i] = value < params.clamp.low ? params.clamp.low : value > params.clamp.high ? params.clamp.high : value;
  }
  return true;
}

template <int... numbers>
ElementRunFunction FindPlain(BinaryOp op, std::integer_sequence<int, numbers...>) {
  static constexpr ElementRunFunction kRuns[] = {RunPlain<static_cast<BinaryOp>(numbers)>...};
  return kRuns[static_cast<int>(op)];
}
constexpr int kBinaryOps = static_cast<int>(BinaryOp::kAtan2) + 1;

template <typename T>
T Power(T base, T exponent) {
  if (exponent < 0) return base == 1 ? T{1} : base == -1 ? (exponent % 2 == 0 ? T{1} : T{-1}) : T{0};
  using U = std::make_unsigned_t<T>;
  U result = 1, factor = static_cast<U>(base);
  for (; exponent > 0; exponent /= 2) {
    if (exponent % 2 == 1) result *= factor;
    factor *= factor;
  }
  return static_cast<T>(result);
}

// Ops that TFLite does with the stored numbers, whatever they stand for.
bool ComparesStored(BinaryOp op) {
  return op == BinaryOp::kMaximum || op == BinaryOp::kMinimum || op == BinaryOp::kFloorDiv || op == BinaryOp::kFloorMod;
}

// False on division by zero. The lowest integer divided by -1 wraps instead of trapping.
template <typename T>
bool Integer(BinaryOp op, T a, T b, T* result) {
  using U = std::make_unsigned_t<T>;
  const U ua = static_cast<U>(a), ub = static_cast<U>(b);
  switch (op) {
    case BinaryOp::kAdd: *result = static_cast<T>(ua + ub); return true;
    case BinaryOp::kSub: *result = static_cast<T>(ua - ub); return true;
    case BinaryOp::kMul: *result = static_cast<T>(ua * ub); return true;
    case BinaryOp::kMaximum: *result = a > b ? a : b; return true;
    case BinaryOp::kMinimum: *result = a < b ? a : b; return true;
    case BinaryOp::kSquaredDifference: *result = static_cast<T>((ua - ub) * (ua - ub)); return true;
    case BinaryOp::kPrelu: *result = a >= 0 ? a : static_cast<T>(ua * ub); return true;
    case BinaryOp::kPow: *result = Power(a, b); return true;
    default: break;
  }
  if (b == 0) return false;
  const T quotient = b == -1 ? static_cast<T>(U{0} - ua) : static_cast<T>(a / b);
  const T rest = b == -1 ? T{0} : static_cast<T>(a % b);
  const bool uneven = rest != 0 && (rest < 0) != (b < 0);
  if (op == BinaryOp::kDiv) *result = quotient;
  if (op == BinaryOp::kFloorDiv) *result = static_cast<T>(quotient - (uneven ? 1 : 0));
  if (op == BinaryOp::kFloorMod) *result = static_cast<T>(uneven ? rest + b : rest);
  return true;
}

template <typename T, BinaryOp op>
bool RunInteger(const ElementRun& run, const ElementParams& params) {
  const T* a = reinterpret_cast<const T*>(run.in[0]);
  const T* b = reinterpret_cast<const T*>(run.in[1]);
  T* out = reinterpret_cast<T*>(run.out);
  // Activations limit integers too; the limits are small whole numbers or infinite.
  const T low = std::isinf(params.clamp.low) ? std::numeric_limits<T>::min() : static_cast<T>(params.clamp.low);
  const T high = std::isinf(params.clamp.high) ? std::numeric_limits<T>::max() : static_cast<T>(params.clamp.high);
  for (size_t i = 0; i < run.count; ++i) {
    T value{};
    if (!Integer<T>(op, a[i * run.step[0]], b[i * run.step[1]], &value)) return false;
    out[i] = value < low ? low : value > high ? high : value;
  }
  return true;
}

template <typename T, int... numbers>
ElementRunFunction FindInteger(BinaryOp op, std::integer_sequence<int, numbers...>) {
  static constexpr ElementRunFunction kRuns[] = {RunInteger<T, static_cast<BinaryOp>(numbers)>...};
  return op == BinaryOp::kAtan2 ? nullptr : kRuns[static_cast<int>(op)];
}

// Stored numbers of 8 and 16 bits.
template <typename T, BinaryOp op>
bool RunStored(const ElementRun& run, const ElementParams&) {
  const T* a = reinterpret_cast<const T*>(run.in[0]);
  const T* b = reinterpret_cast<const T*>(run.in[1]);
  T* out = reinterpret_cast<T*>(run.out);
  for (size_t i = 0; i < run.count; ++i) {
    int32_t value = 0;
    if (!Integer<int32_t>(op, a[i * run.step[0]], b[i * run.step[1]], &value)) return false;
    out[i] = static_cast<T>(value);
  }
  return true;
}

template <typename T, bool larger>
bool RunExtreme(const ElementRun& run, const ElementParams&) {
  kernels::RunIntExtreme(larger,
                         {.a = reinterpret_cast<const T*>(run.in[0]),
                          .a_step = run.step[0],
                          .b = reinterpret_cast<const T*>(run.in[1]),
                          .b_step = run.step[1]},
                         run.count, reinterpret_cast<T*>(run.out));
  return true;
}

template <typename T>
ElementRunFunction FindStored(BinaryOp op) {
  switch (op) {
    case BinaryOp::kMaximum: return RunExtreme<T, true>;
    case BinaryOp::kMinimum: return RunExtreme<T, false>;
    case BinaryOp::kFloorDiv: return RunStored<T, BinaryOp::kFloorDiv>;
    case BinaryOp::kFloorMod: return RunStored<T, BinaryOp::kFloorMod>;
    default: return nullptr;
  }
}

}  // namespace

Result<std::shared_ptr<const OpAttrs>> ReadActivation(const AttrReader& reader) {
  auto attrs = std::make_shared<BinaryAttrs>();
  SL_ASSIGN(attrs->clamp, ClampOfActivation(reader.Int(0, 0)));
  attrs->power_of_two = reader.Bool(1, true);
  return std::shared_ptr<const OpAttrs>(std::move(attrs));
}

Result<ElementFunction> ChooseBinary(const OpContext& context, BinaryOp op, bool plain) {
  const auto all = std::make_integer_sequence<int, kBinaryOps>();
  if (IsQuantizedType(context.input(0).dtype) && !ComparesStored(op)) return ChooseQuantizedBinary(context, op, plain);
  ElementFunction function;
  if (context.node().attrs != nullptr) function.params.clamp = context.attrs<BinaryAttrs>().clamp;
  switch (context.input(0).dtype) {
    case DType::kFloat32:
      function.params.binary = kernels::FindBinaryRun(op);
      function.run = plain ? FindPlain(op, all) : RunFloat;
      break;
    case DType::kInt32: function.run = FindInteger<int32_t>(op, all); break;
    case DType::kInt64: function.run = FindInteger<int64_t>(op, all); break;
    case DType::kInt8: function.run = FindStored<int8_t>(op); break;
    case DType::kUInt8: function.run = FindStored<uint8_t>(op); break;
    case DType::kInt16: function.run = FindStored<int16_t>(op); break;
    default: break;
  }
  if (function.run == nullptr || context.input(0).dtype != context.output(0).dtype)
    return UnsupportedElementType(context);
  return function;
}

}  // namespace safelight
