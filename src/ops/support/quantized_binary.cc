// SPDX-License-Identifier: Apache-2.0
#include "ops/support/quantized_binary.h"

#include <cmath>
#include <optional>

#include "kernels/int_elements.h"
#include "ops/support/binary.h"

namespace safelight {
namespace {

using kernels::BinaryOp;

int32_t ShiftedLeft(int32_t x, int bits) { return static_cast<int32_t>(static_cast<uint32_t>(x) << bits); }
int32_t Sum(int32_t a, int32_t b) { return static_cast<int32_t>(static_cast<uint32_t>(a) + static_cast<uint32_t>(b)); }
int32_t Difference(int32_t a, int32_t b) {
  return static_cast<int32_t>(static_cast<uint32_t>(a) - static_cast<uint32_t>(b));
}
int32_t Product(int32_t a, int32_t b) {
  return static_cast<int32_t>(static_cast<uint32_t>(a) * static_cast<uint32_t>(b));
}

template <BinaryOp op>
int32_t Stored(const QuantizedElements& q, int32_t a, int32_t b) {
  a -= q.a_zero;
  b -= q.b_zero;
  int32_t result = 0;
  if (op == BinaryOp::kMul) {
    result = Scaled(Product(a, b), q.out);
  } else if (op == BinaryOp::kPrelu) {
    result = a >= 0 ? Scaled(a, q.a) : Scaled(Product(a, b), q.b);
  } else {
    a = Scaled(ShiftedLeft(a, q.left_shift), q.a);
    b = Scaled(ShiftedLeft(b, q.left_shift), q.b);
    const int32_t difference = Difference(a, b);
    result = Scaled(op == BinaryOp::kAdd   ? Sum(a, b)
                    : op == BinaryOp::kSub ? difference
                                           : Product(difference, difference),
                    q.out);
  }
  return q.limits(int64_t{result} + q.out_zero);
}

// Shifts in place of scales: int16 whose scales are powers of two.
template <BinaryOp op>
int32_t Shifted(const QuantizedElements& q, int32_t a, int32_t b) {
  a = RoundedShift(a, -q.a.shift);
  b = RoundedShift(b, -q.b.shift);
  return q.limits(std::clamp<int32_t>(op == BinaryOp::kAdd ? a + b : a - b, INT16_MIN, INT16_MAX));
}

template <typename T, int32_t (*f)(const QuantizedElements&, int32_t, int32_t)>
bool Run(const ElementRun& run, const ElementParams& params) {
  const T* a = reinterpret_cast<const T*>(run.in[0]);
  const T* b = reinterpret_cast<const T*>(run.in[1]);
  T* out = reinterpret_cast<T*>(run.out);
  for (size_t i = 0; i < run.count; ++i) {
    out[i] = static_cast<T>(f(params.quantized, a[i * run.step[0]], b[i * run.step[1]]));
  }
  return true;
}

// Sums and products, in vectors.
template <typename T, kernels::IntBinaryOp op>
bool RunVectors(const ElementRun& run, const ElementParams& params) {
  const QuantizedElements& q = params.quantized;
  const kernels::IntBinary by{.op = op,
                              .a_zero = q.a_zero,
                              .b_zero = q.b_zero,
                              .out_zero = q.out_zero,
                              .shift = q.left_shift,
                              .a = KernelScale(q.a),
                              .b = KernelScale(q.b),
                              .out = KernelScale(q.out),
                              .low = q.limits.low,
                              .high = q.limits.high};
  kernels::RunIntBinary(by,
                        {.a = reinterpret_cast<const T*>(run.in[0]),
                         .a_step = run.step[0],
                         .b = reinterpret_cast<const T*>(run.in[1]),
                         .b_step = run.step[1]},
                        run.count, reinterpret_cast<T*>(run.out));
  return true;
}
template <kernels::IntBinaryOp op>
ElementRunFunction FindVectors(DType dtype) {
  switch (dtype) {
    case DType::kInt8: return RunVectors<int8_t, op>;
    case DType::kUInt8: return RunVectors<uint8_t, op>;
    default: return RunVectors<int16_t, op>;
  }
}

template <BinaryOp op>
ElementRunFunction FindRun(DType dtype) {
  switch (dtype) {
    case DType::kInt8: return Run<int8_t, Stored<op>>;
    case DType::kUInt8: return Run<uint8_t, Stored<op>>;
    default: return Run<int16_t, Stored<op>>;
  }
}

// int16 without scales: plain numbers that wrap.
template <BinaryOp op>
bool RunNumbers(const ElementRun& run, const ElementParams& params) {
  const int16_t* a = reinterpret_cast<const int16_t*>(run.in[0]);
  const int16_t* b = reinterpret_cast<const int16_t*>(run.in[1]);
  int16_t* out = reinterpret_cast<int16_t*>(run.out);
  for (size_t i = 0; i < run.count; ++i) {
    const int32_t x = a[i * run.step[0]], y = b[i * run.step[1]];
    out[i] = static_cast<int16_t>(params.quantized.limits(static_cast<int16_t>(op == BinaryOp::kAdd ? x + y : x * y)));
  }
  return true;
}

bool Defined(BinaryOp op, DType dtype) {
  switch (op) {
    case BinaryOp::kAdd:
    case BinaryOp::kSub:
    case BinaryOp::kMul: return true;
    case BinaryOp::kPrelu: return dtype != DType::kInt16;
    case BinaryOp::kSquaredDifference: return dtype == DType::kInt8;
    default: return false;
  }
}

// The power of two that `scale` is; TFLite's own way to see it, in float32.
std::optional<int> PowerOf(float scale) {
  const float log2 = std::log(scale) * (1.0f / std::log(2.0f)), rounded = std::round(log2);
  if (std::abs(log2 - rounded) < 1e-3f) return static_cast<int>(rounded);
  return std::nullopt;
}

// The shifts of ADD and SUB of int16 where all scales are powers of two; false where they are not.
Result<bool> SetShifts(float a, float b, float out, QuantizedElements* q) {
  const std::optional<int> pa = PowerOf(a), pb = PowerOf(b), po = PowerOf(out);
  if (!pa.has_value() || !pb.has_value() || !po.has_value()) return false;
  q->a.shift = *pa - *po;
  q->b.shift = *pb - *po;
  const bool fits = std::max(q->a.shift, q->b.shift) == 0 && std::min(q->a.shift, q->b.shift) >= -31;
  if (fits) return true;
  return InvalidArgument("scales ", a, " and ", b, " of the operands and ", out,
                         " of the output, must be powers of two of which the largest operand's is the output's");
}

ElementRunFunction FindStored(BinaryOp op, DType dtype, bool plain) {
  if (!plain && op == BinaryOp::kAdd) return FindVectors<kernels::IntBinaryOp::kAdd>(dtype);
  if (!plain && op == BinaryOp::kSub) return FindVectors<kernels::IntBinaryOp::kSub>(dtype);
  if (!plain && op == BinaryOp::kMul) return FindVectors<kernels::IntBinaryOp::kMul>(dtype);
  switch (op) {
    case BinaryOp::kAdd: return FindRun<BinaryOp::kAdd>(dtype);
    case BinaryOp::kSub: return FindRun<BinaryOp::kSub>(dtype);
    case BinaryOp::kMul: return FindRun<BinaryOp::kMul>(dtype);
    case BinaryOp::kPrelu: return FindRun<BinaryOp::kPrelu>(dtype);
    default: return FindRun<BinaryOp::kSquaredDifference>(dtype);
  }
}

Result<ElementFunction> ChooseNumbers(BinaryOp op, const kernels::Clamp& clamp) {
  ElementFunction function;
  function.run = op == BinaryOp::kAdd ? RunNumbers<BinaryOp::kAdd> : RunNumbers<BinaryOp::kMul>;
  SL_ASSIGN(function.params.quantized.limits, StoredLimits(clamp, DType::kInt16, {.scale = 1, .zero_point = 0}));
  return function;
}

}  // namespace

CommonScale CommonScaleOf(float a, float b) {
  CommonScale scale;
  scale.twice_larger = 2 * static_cast<double>(std::max(a, b));
  scale.a = MakeMultiplier(static_cast<double>(a) / scale.twice_larger);
  scale.b = MakeMultiplier(static_cast<double>(b) / scale.twice_larger);
  return scale;
}

Result<ElementFunction> ChooseQuantizedBinary(const OpContext& context, BinaryOp op, bool plain) {
  const DType dtype = context.input(0).dtype;
  if (!Defined(op, dtype) || context.input(1).dtype != dtype || context.output(0).dtype != dtype) {
    return Unsupported(DTypeName(dtype), " arithmetic, which TFLite does not define for this op");
  }
  const auto* attrs = static_cast<const BinaryAttrs*>(context.node().attrs.get());
  const kernels::Clamp clamp = attrs == nullptr ? kernels::Clamp{} : attrs->clamp;
  const bool numbers = dtype == DType::kInt16 && context.input(0).quant.empty() && context.output(0).quant.empty();
  if (numbers && (op == BinaryOp::kAdd || op == BinaryOp::kMul)) return ChooseNumbers(op, clamp);
  SL_ASSIGN(const Quantization a, QuantizationOf(context.input(0)));
  SL_ASSIGN(const Quantization b, QuantizationOf(context.input(1)));
  SL_ASSIGN(const Quantization out, QuantizationOf(context.output(0)));
  ElementFunction function;
  function.run = FindStored(op, dtype, plain);
  QuantizedElements& q = function.params.quantized;
  q.a_zero = a.zero_point;
  q.b_zero = b.zero_point;
  q.out_zero = out.zero_point;
  SL_ASSIGN(q.limits, StoredLimits(clamp, dtype, out));
  if (op == BinaryOp::kMul) {
    q.out = MakeMultiplier(static_cast<double>(a.scale * b.scale / out.scale));
    return function;
  }
  if (op == BinaryOp::kPrelu) {
    q.a = MakeMultiplier(static_cast<double>(a.scale / out.scale));
    q.b = MakeMultiplier(static_cast<double>(a.scale * b.scale / out.scale));
    return function;
  }
  const bool sum = op != BinaryOp::kSquaredDifference;
  if (sum && dtype == DType::kInt16 && (attrs == nullptr || attrs->power_of_two)) {
    SL_ASSIGN(const bool shifts, SetShifts(a.scale, b.scale, out.scale, &q));
    if (shifts) {
      function.run =
          op == BinaryOp::kAdd ? Run<int16_t, Shifted<BinaryOp::kAdd>> : Run<int16_t, Shifted<BinaryOp::kSub>>;
      return function;
    }
  }
  const CommonScale common = CommonScaleOf(a.scale, b.scale);
  q.a = common.a;
  q.b = common.b;
  q.left_shift = !sum ? 7 : dtype == DType::kInt16 ? 15 : 20;
  const double unit = static_cast<double>(int64_t{1} << (sum ? q.left_shift : 2 * q.left_shift));
  const double real = sum ? common.twice_larger : common.twice_larger * common.twice_larger;
  q.out = MakeMultiplier(real / (unit * static_cast<double>(out.scale)));
  return function;
}

}  // namespace safelight
