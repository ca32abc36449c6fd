// SPDX-License-Identifier: Apache-2.0
#include "ops/support/dynamic.h"

#include <algorithm>
#include <cmath>

#include "ops/support/int_sums.h"

namespace safelight {

DynamicRange MakeDynamicRange(float low, float high, bool symmetric) {
  DynamicRange range;
  if (symmetric) {
    const float most = std::max(std::abs(low), std::abs(high));
    range.values.low = -127;
    range.values.high = 127;
    if (most == 0) return range;  // all values are 0, whatever the step
    range.step = most / 127;
    range.values.inverse = 127 / most;
    return range;
  }
  const float least = std::min(0.0f, low), most = std::max(0.0f, high);
  if (least == most) return range;
  const double step = static_cast<double>(most - least) / 255;
  const double steps_below = static_cast<double>(least) / step, steps_above = static_cast<double>(most) / step;
  // Of the zero points that the two ends ask for, the one with the smaller rounding error; it must be a whole number.
  const bool from_least = 128 + std::abs(steps_below) < 127 + std::abs(steps_above);
  const double asked = from_least ? -128 - steps_below : 127 - steps_above;
  const float zero = std::isnan(asked) ? 0.0f : static_cast<float>(std::clamp(std::round(asked), -128.0, 127.0));
  range.step = static_cast<float>(step);
  range.values = {.inverse = 1.0f / range.step, .low = -128 - zero, .high = 127 - zero};
  return range;
}

bool IsDynamic(const OpContext& context) {
  const Value& weights = context.input(1);
  return context.input(0).dtype == DType::kFloat32 && (weights.dtype == DType::kInt8 || weights.dtype == DType::kInt4);
}

Status CheckDynamicWeights(const Value& weights, int axis) {
  if (!weights.is_constant()) {
    return Unsupported("weights '", weights.name, "' of ", DTypeName(weights.dtype), " that are not constant");
  }
  SL_TRY(CheckWeightScales(weights, axis, weights.shape[axis]));
  for (int64_t zero : weights.quant.zero_points) {
    if (zero != 0) return InvalidArgument("weights '", weights.name, "' have zero point ", zero, ", must be 0");
  }
  return {};
}

Status CheckDynamicBias(const OpContext& context, int input) {
  if (!context.has_input(input) || context.input(input).dtype == DType::kFloat32) return {};
  const Value& bias = context.input(input);
  return InvalidArgument("bias '", bias.name, "' is ", DTypeName(bias.dtype), ", must be float32");
}

std::vector<float> DynamicScales(const Value& weights, int64_t channels) {
  const std::vector<float>& scales = weights.quant.scales;
  if (scales.size() == 1) return std::vector<float>(static_cast<size_t>(channels), scales[0]);
  return scales;
}

bool IsSymmetricDynamic(const OpContext& context, bool depthwise) {
  const Value& weights = context.input(1);
  if (depthwise || weights.shape[3] != context.input(0).shape[3]) return false;
  const std::vector<float>& scales = weights.quant.scales;
  return std::all_of(scales.begin(), scales.end(), [&](float scale) { return scale == scales[0]; });
}

}  // namespace safelight
