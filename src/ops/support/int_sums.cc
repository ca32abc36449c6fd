// SPDX-License-Identifier: Apache-2.0
#include "ops/support/int_sums.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>

namespace safelight {
namespace {

Status CheckTypes(const Value& data, const Value& weights, const Value& out) {
  const bool bytes = data.dtype == DType::kUInt8;
  const bool fits =
      bytes ? weights.dtype == DType::kUInt8 : (weights.dtype == DType::kInt8 || weights.dtype == DType::kInt4);
  if (!IsQuantizedType(data.dtype) || !fits) {
    return Unsupported(DTypeName(data.dtype), " values with ", DTypeName(weights.dtype), " weights");
  }
  if (out.dtype != data.dtype && !(bytes && out.dtype == DType::kInt16)) {
    return Unsupported(DTypeName(out.dtype), " results of ", DTypeName(data.dtype), " values");
  }
  return {};
}

Result<int32_t> WeightZeroPoint(const Value& weights, bool allowed) {
  const int64_t first = weights.quant.zero_points[0];
  const StoredRange range = RangeOfType(weights.dtype == DType::kUInt8 ? DType::kUInt8 : DType::kInt8);
  for (int64_t zero : weights.quant.zero_points) {
    if (zero == 0 || (allowed && weights.quant.zero_points.size() == 1 && zero >= range.low && zero <= range.high)) {
      continue;
    }
    return InvalidArgument("weights '", weights.name, "' have zero point ", zero, ", must be 0");
  }
  return static_cast<int32_t>(first);
}

Status CheckBias(const Value& bias, DType data) {
  if (bias.dtype != DType::kInt32 && !(bias.dtype == DType::kInt64 && data == DType::kInt16)) {
    return InvalidArgument("bias '", bias.name, "' is ", DTypeName(bias.dtype), ", must be int32",
                           data == DType::kInt16 ? " or int64" : "");
  }
  for (int64_t zero : bias.quant.zero_points) {
    if (zero != 0) return InvalidArgument("bias '", bias.name, "' has zero point ", zero, ", must be 0");
  }
  return {};
}

// The bias counts in units of data times weights; TFLite takes 2 % of a step of the output as the same.
Status CheckBiasScale(const Value& bias, double product, float out_scale) {
  if (bias.quant.scales.size() != 1) return {};
  const double scale = static_cast<double>(bias.quant.scales[0]);
  if (std::abs(product - scale) / static_cast<double>(out_scale) <= 0.02) return {};
  return InvalidArgument("bias '", bias.name, "' has scale ", scale, ", must be the product of data and weights, ",
                         product);
}

int64_t BiasOf(const Value* bias, size_t c) {
  if (bias == nullptr) return 0;
  return bias->dtype == DType::kInt64 ? reinterpret_cast<const int64_t*>(bias->constant)[c]
                                      : reinterpret_cast<const int32_t*>(bias->constant)[c];
}

}  // namespace

Status CheckWeightScales(const Value& weights, int axis, int64_t channels) {
  const QuantParams& quant = weights.quant;
  const int64_t scales = static_cast<int64_t>(quant.scales.size());
  if (scales == 0) return InvalidArgument("weights '", weights.name, "' have no scale");
  if (scales != 1 && (scales != channels || quant.axis != axis)) {
    return InvalidArgument("weights '", weights.name, "' have ", scales, " scales along axis ", quant.axis,
                           ", must be one, or ", channels, " along axis ", axis);
  }
  for (float scale : quant.scales) {
    if (!(scale > 0) || !std::isfinite(scale)) {
      return InvalidArgument("weights '", weights.name, "' have scale ", scale, ", must be above 0 and finite");
    }
  }
  return {};
}

Result<SumScaling> SumScaling::Make(const OpContext& context, const SumInputs& inputs, const kernels::Clamp& clamp) {
  const Value &data = context.input(inputs.data), &weights = context.input(inputs.weights), &out = context.output(0);
  SL_TRY(CheckTypes(data, weights, out));
  const int64_t channels = weights.shape[inputs.channel_axis];
  SL_TRY(CheckWeightScales(weights, inputs.channel_axis, channels));
  SumScaling scaling;
  SL_ASSIGN(scaling.in_, QuantizationOf(data));
  SL_ASSIGN(scaling.out_, QuantizationOf(out));
  SL_ASSIGN(scaling.weight_zero_, WeightZeroPoint(weights, data.dtype == DType::kUInt8 || inputs.weight_zero_point));
  SL_ASSIGN(scaling.limits_, StoredLimits(clamp, out.dtype, scaling.out_));
  const bool bytes = data.dtype == DType::kUInt8, one = weights.quant.scales.size() == 1;
  for (float scale : weights.quant.scales) {
    double product = static_cast<double>(scaling.in_.scale) * static_cast<double>(scale);
    if (one && bytes && !inputs.real_scale) product = static_cast<double>(scaling.in_.scale * scale);
    const double real = product / static_cast<double>(scaling.out_.scale);
    scaling.multipliers_.push_back(MakeMultiplier(real));
    if (inputs.real_scale) scaling.real_.push_back(real);
  }
  const bool words = data.dtype == DType::kInt16;
  scaling.wide_ = words && !inputs.narrow;
  if (!context.has_input(inputs.bias)) return scaling;
  const Value& bias = context.input(inputs.bias);
  SL_TRY(CheckBias(bias, data.dtype));
  scaling.wide_ = words && (inputs.always_wide || bias.dtype == DType::kInt64);
  if (one && (bytes || inputs.checks_bias)) {
    SL_TRY(CheckBiasScale(bias, static_cast<double>(scaling.in_.scale) * static_cast<double>(weights.quant.scales[0]),
                          scaling.out_.scale));
  }
  return scaling;
}

int64_t SumScaling::LargestInput(DType dtype) const {
  const StoredRange range = RangeOfType(dtype);
  return std::max(in_.zero_point - range.low, range.high - in_.zero_point);
}

void SumScaling::PrepareRows(std::span<const SumBound> bounds, const Value* bias) {
  // A group of few channels is read further than it goes.
  const size_t padded = bounds.size() + static_cast<size_t>(kernels::kRequantizeReads);
  for (std::vector<int32_t>* each : {&bias_, &factor_, &left_, &right_}) each->assign(padded, 0);
  if (wide_) {
    sums_wide_ = !real_.empty() || !SetWide(bounds, bias);
    return;
  }
  for (size_t c = 0; c < bounds.size(); ++c) {
    const Multiplier& m = multipliers_[multipliers_.size() == 1 ? 0 : c];
    bias_[c] = static_cast<int32_t>(static_cast<uint64_t>(BiasOf(bias, c) - bounds[c].excess));
    factor_[c] = m.factor;
    left_[c] = std::max(m.shift, 0);
    right_[c] = std::max(-m.shift, 0);
  }
  if (IsSmall(bounds, bias)) rule_ = kernels::Requantize::Rule::kSmall;
}

// Sums, bias included, that stay within 32 bits by themselves.
bool SumScaling::SetWide(std::span<const SumBound> bounds, const Value* bias) {
  for (size_t c = 0; c < bounds.size(); ++c) {
    const int64_t b = BiasOf(bias, c);
    if (b > INT32_MAX || b < -INT32_MAX || bounds[c].largest + std::abs(b) > INT32_MAX) return false;
    const WideMultiplier m = ReducedMultiplier(multipliers_[multipliers_.size() == 1 ? 0 : c]);
    if (m.bits > 32) return false;
    bias_[c] = static_cast<int32_t>(b - bounds[c].excess);
    factor_[c] = m.factor;
    right_[c] = m.bits;
  }
  std::fill(right_.begin() + static_cast<ptrdiff_t>(bounds.size()), right_.end(), 1);
  rule_ = kernels::Requantize::Rule::kWide;
  return true;
}

bool SumScaling::IsSmall(std::span<const SumBound> bounds, const Value* bias) const {
  for (size_t c = 0; c < bounds.size(); ++c) {
    if (left_[c] > 0 || right_[c] < 1 || right_[c] > kernels::Requantize::kMostRight) return false;
    // So the kernel's sum and the bias it gets, which may be two times as large, stay within 32 bits by themselves.
    if (bounds[c].largest + std::abs(BiasOf(bias, c)) >= int64_t{1} << 29) return false;
  }
  return true;
}

kernels::Requantize SumScaling::AsRequantize() const {
  return {.rule = rule_,
          .bias = bias_.data(),
          .factor = factor_.data(),
          .left = left_.data(),
          .right = right_.data(),
          .zero_point = out_.zero_point,
          .low = limits_.low,
          .high = limits_.high};
}

void StoreSums(const SumScaling& scaling, const kernels::SumPixels& pixels, int64_t first, const Window& out,
               int64_t to) {
  if (scaling.one_by_one()) {
    for (int64_t p = 0; p < pixels.pixels; ++p) {
      for (int64_t c = 0; c < pixels.channels; ++c) {
        StoreAt(out.dtype, out.data, to + p * pixels.out_step + first + c,
                scaling.FinishBiased(pixels.sums[p * pixels.sum_step + c], first + c));
      }
    }
    return;
  }
  const kernels::Requantize by = scaling.AsRequantize().From(first);
  switch (out.dtype) {
    case DType::kInt8: return kernels::RunRequantize(by, pixels, out.at<int8_t>(to + first));
    case DType::kUInt8: return kernels::RunRequantize(by, pixels, out.at<uint8_t>(to + first));
    default: return kernels::RunRequantize(by, pixels, out.at<int16_t>(to + first));
  }
}

}  // namespace safelight
