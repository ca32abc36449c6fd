// SPDX-License-Identifier: Apache-2.0
//
// QUANTIZE: float32 to integers, stored = round(x / scale) + zero_point, halves away from zero,
// limited to the type (TFLite's reference AffineQuantize); and integers to integers of another scale,
// by a multiplier of 31 bits and a shift, each rounded, as the format's reference does it.
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
bool RunFromFloat(const ElementRun& run, const ElementParams& params) {
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

template <typename From, typename To>
bool RunRescaled(const ElementRun& run, const ElementParams& params) {
  const From* in = reinterpret_cast<const From*>(run.in[0]);
  To* out = reinterpret_cast<To*>(run.out);
  for (size_t i = 0; i < run.count; ++i) {
    const int64_t x = static_cast<int64_t>(in[i * run.step[0]]) - params.in_zero_point;
    const int64_t y = int64_t{Scaled(static_cast<int32_t>(x), params.ratio)} + params.zero_point;
    out[i] = static_cast<To>(std::clamp<int64_t>(y, std::numeric_limits<To>::min(), std::numeric_limits<To>::max()));
  }
  return true;
}

// The same in vectors, between types of 8 and 16 bits whose zero points lie within 17.
template <typename T>
bool VectorsFromFloat(const ElementRun& run, const ElementParams& params) {
  if (run.step[0] == 0) return RunFromFloat<T>(run, params);
  kernels::RunIntQuantize(static_cast<float>(params.scale), static_cast<int32_t>(params.zero_point),
                          reinterpret_cast<const float*>(run.in[0]), run.count, reinterpret_cast<T*>(run.out));
  return true;
}
template <typename From, typename To>
bool VectorsRescaled(const ElementRun& run, const ElementParams& params) {
  if (run.step[0] == 0) return RunRescaled<From, To>(run, params);
  const kernels::IntRescale by{static_cast<int32_t>(params.in_zero_point), static_cast<int32_t>(params.zero_point),
                               KernelScale(params.ratio)};
  kernels::RunIntRescale(by, reinterpret_cast<const From*>(run.in[0]), run.count, reinterpret_cast<To*>(run.out));
  return true;
}

template <typename To>
ElementRunFunction FindVectorsTo(DType from) {
  switch (from) {
    case DType::kFloat32: return VectorsFromFloat<To>;
    case DType::kInt8: return VectorsRescaled<int8_t, To>;
    case DType::kUInt8: return VectorsRescaled<uint8_t, To>;
    case DType::kInt16: return VectorsRescaled<int16_t, To>;
    default: return nullptr;
  }
}
ElementRunFunction FindVectors(DType from, DType to) {
  switch (to) {
    case DType::kInt8: return FindVectorsTo<int8_t>(from);
    case DType::kUInt8: return FindVectorsTo<uint8_t>(from);
    case DType::kInt16: return FindVectorsTo<int16_t>(from);
    default: return nullptr;
  }
}

template <typename To>
ElementRunFunction FindTo(DType from) {
  switch (from) {
    case DType::kFloat32: return RunFromFloat<To>;
    case DType::kInt8: return RunRescaled<int8_t, To>;
    case DType::kUInt8: return RunRescaled<uint8_t, To>;
    case DType::kInt16: return RunRescaled<int16_t, To>;
    case DType::kInt32: return RunRescaled<int32_t, To>;
    default: return nullptr;
  }
}

ElementRunFunction Find(DType from, DType to) {
  switch (to) {
    case DType::kInt8: return FindTo<int8_t>(from);
    case DType::kUInt8: return FindTo<uint8_t>(from);
    case DType::kInt16: return FindTo<int16_t>(from);
    case DType::kInt32: return FindTo<int32_t>(from);
    default: return nullptr;
  }
}

// Zero points lie in their type's range, so that no later arithmetic overflows.
Status CheckQuant(const Value& value) {
  if (value.quant.scales.size() != 1 || value.quant.scales[0] <= 0) {
    return InvalidArgument("'", value.name, "' has ", value.quant.scales.size(), " scales, must be one above 0");
  }
  const int64_t zero_point = value.quant.zero_points[0];
  if (zero_point < std::numeric_limits<int32_t>::min() || zero_point > std::numeric_limits<int32_t>::max()) {
    return InvalidArgument("'", value.name, "' has zero point ", zero_point, ", must have 32 bits");
  }
  return {};
}

Result<ElementFunction> Choose(const OpContext& context, bool plain) {
  const Value &in = context.input(0), &out = context.output(0);
  ElementFunction function;
  function.run = Find(in.dtype, out.dtype);
  if (function.run == nullptr) {
    return Unsupported("from ", DTypeName(in.dtype), " to ", DTypeName(out.dtype), " is not built");
  }
  SL_TRY(CheckQuant(out));
  function.params.scale = out.quant.scales[0];
  function.params.zero_point = out.quant.zero_points[0];
  if (in.dtype != DType::kFloat32) {
    SL_TRY(CheckQuant(in));
    function.params.in_zero_point = in.quant.zero_points[0];
    function.params.ratio = MakeMultiplier(static_cast<double>(in.quant.scales[0]) / function.params.scale);
  }
  const auto small = [](int64_t zero_point) { return zero_point >= -(1 << 16) && zero_point <= 1 << 16; };
  const ElementRunFunction vectors = FindVectors(in.dtype, out.dtype);
  if (plain || vectors == nullptr) return function;
  if (small(function.params.zero_point) && small(function.params.in_zero_point)) function.run = vectors;
  return function;
}

}  // namespace

extern const OpDef quantize_op;
const OpDef quantize_op = ElementOpDef<Choose>("QUANTIZE", 114, 1, Infer);

}  // namespace safelight
