// SPDX-License-Identifier: Apache-2.0
#include "ops/support/quantized.h"

#include <cmath>

namespace safelight {
namespace {

// `real` as a stored value; the format's own float32 expression.
Result<int64_t> Stored(float real, const Quantization& quantization) {
  const float rounded = std::round(real / quantization.scale);
  if (!(std::abs(rounded) <= 0x1p31f)) {
    return InvalidArgument("scale ", quantization.scale, " is too small for a limit of ", real);
  }
  return quantization.zero_point + static_cast<int64_t>(rounded);
}

}  // namespace

Multiplier MakeMultiplier(double real) {
  Multiplier m{std::numeric_limits<int32_t>::max(), 30};
  if (!std::isfinite(real)) return m;
  const double fraction = std::frexp(real, &m.shift);
  int64_t factor = std::llround(fraction * static_cast<double>(int64_t{1} << 31));
  if (factor == int64_t{1} << 31) {
    factor /= 2;
    ++m.shift;
  }
  if (m.shift < -31) factor = m.shift = 0;
  if (m.shift > 30) {
    factor = std::numeric_limits<int32_t>::max();
    m.shift = 30;
  }
  m.factor = static_cast<int32_t>(factor);
  return m;
}

StoredRange RangeOfType(DType dtype) {
  if (dtype == DType::kInt8) return {INT8_MIN, INT8_MAX};
  if (dtype == DType::kUInt8) return {0, UINT8_MAX};
  return {INT16_MIN, INT16_MAX};
}

Result<Quantization> QuantizationOf(const Value& value) {
  const QuantParams& quant = value.quant;
  if (quant.empty()) return InvalidArgument("'", value.name, "' is ", DTypeName(value.dtype), " and has no scale");
  if (quant.scales.size() != 1) {
    return InvalidArgument("'", value.name, "' has ", quant.scales.size(), " scales, must be one");
  }
  if (!(quant.scales[0] > 0) || !std::isfinite(quant.scales[0])) {
    return InvalidArgument("'", value.name, "' has scale ", quant.scales[0], ", must be above 0 and finite");
  }
  const int64_t zero_point = quant.zero_points[0];
  const StoredRange range = value.dtype == DType::kInt16 ? StoredRange{} : RangeOfType(value.dtype);
  if (zero_point < range.low || zero_point > range.high) {
    return InvalidArgument("'", value.name, "' has zero point ", zero_point, ", must be ", range.low, " to ",
                           range.high, " for ", DTypeName(value.dtype));
  }
  return Quantization{quant.scales[0], static_cast<int32_t>(zero_point)};
}

Result<StoredRange> StoredLimits(const kernels::Clamp& clamp, DType dtype, const Quantization& quantization) {
  StoredRange limits = RangeOfType(dtype);
  const StoredRange all = limits;
  if (!std::isinf(clamp.low)) {
    SL_ASSIGN(const int64_t low, Stored(clamp.low, quantization));
    limits.low = static_cast<int32_t>(std::clamp<int64_t>(low, all.low, all.high));
  }
  if (!std::isinf(clamp.high)) {
    SL_ASSIGN(const int64_t high, Stored(clamp.high, quantization));
    limits.high = static_cast<int32_t>(std::clamp<int64_t>(high, all.low, all.high));
  }
  return limits;
}

}  // namespace safelight
