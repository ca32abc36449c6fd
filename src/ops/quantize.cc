// SPDX-License-Identifier: Apache-2.0
//
// QUANTIZE: float32 to integers, stored = round(x / scale) + zero_point, halves away from zero,
// limited to the type (TFLite's reference AffineQuantize).
#include <algorithm>
#include <cmath>
#include <limits>

#include "ops/support/elementwise.h"

namespace safelight {
namespace {

Status Infer(InferContext& context) {
  context.SetOutput(0, context.output(0).dtype, context.input(0).shape);
  return {};
}

template <typename T>
bool Run(const ElementRun& run, const ElementParams& params) {
  const float* in = reinterpret_cast<const float*>(run.in[0]);
  T* out = reinterpret_cast<T*>(run.out);
  constexpr double kLow = static_cast<double>(std::numeric_limits<T>::min());
  constexpr double kHigh = static_cast<double>(std::numeric_limits<T>::max());
  const float scale = static_cast<float>(params.scale);
  for (size_t i = 0; i < run.count; ++i) {
    const double rounded = std::round(in[i * run.step[0]] / scale) + static_cast<double>(params.zero_point);
    // NaN compares false with everything and becomes the lowest value.
    out[i] = static_cast<T>(rounded > kLow ? std::min(rounded, kHigh) : kLow);
  }
  return true;
}

Result<ElementFunction> Choose(const OpContext& context, bool) {
  const Value &in = context.input(0), &out = context.output(0);
  if (in.dtype != DType::kFloat32) return Unsupported("from ", DTypeName(in.dtype), " to ", DTypeName(out.dtype), " is not built yet");
  if (out.quant.scales.size() != 1 || out.quant.scales[0] <= 0) {
    return InvalidArgument("'", out.name, "' has ", out.quant.scales.size(), " scales, must be one above 0");
  }
  ElementFunction function;
  function.params.scale = out.quant.scales[0];
  function.params.zero_point = out.quant.zero_points[0];
  switch (out.dtype) {
    case DType::kInt8: function.run = Run<int8_t>; break;
    case DType::kUInt8: function.run = Run<uint8_t>; break;
    case DType::kInt16: function.run = Run<int16_t>; break;
    case DType::kInt32: function.run = Run<int32_t>; break;
    default: return Unsupported("to ", DTypeName(out.dtype), " is not built");
  }
  return function;
}

}  // namespace

extern const OpDef quantize_op;
const OpDef quantize_op = ElementOpDef<Choose>("QUANTIZE", 114, 1, Infer);

}  // namespace safelight
