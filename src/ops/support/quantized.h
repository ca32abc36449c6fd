// SPDX-License-Identifier: Apache-2.0
//
// Arithmetic of quantized values, real = scale * (stored - zero point), as TFLite's reference kernels do it: scales as
// a multiplier of 31 bits and a shift, each rounded on its own ("double rounding"); the 16x8 rule of 64-bit sums.
// Exact: these functions decide the bits of every integer op.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>

#include "graph/op_def.h"
#include "kernels/elementwise.h"
#include "kernels/int_elements.h"

namespace safelight {

// x * factor / 2^31 * 2^shift.
struct Multiplier {
  int32_t factor = 0;
  int shift = 0;  // -31 to 30
};
// `real` with 31 bits; 0 below 2^-31. May be negative.
Multiplier MakeMultiplier(double real);

// x / 2^bits, ties away from zero. bits 0 to 31.
inline int32_t RoundedShift(int32_t x, int bits) {
  const int32_t mask = static_cast<int32_t>((int64_t{1} << bits) - 1);
  const int32_t rest = x & mask, threshold = (mask >> 1) + (x < 0 ? 1 : 0);
  return (x >> bits) + (rest > threshold ? 1 : 0);
}
// The upper half of 2 * a * b, rounded.
inline int32_t HighProduct(int32_t a, int32_t b) {
  if (a == b && a == std::numeric_limits<int32_t>::min()) return std::numeric_limits<int32_t>::max();
  return static_cast<int32_t>((static_cast<int64_t>(a) * b + (int64_t{1} << 30)) >> 31);
}
// Overflow of the left shift wraps, as it does in the reference kernels.
inline int32_t Scaled(int32_t x, const Multiplier& m) {
  const int32_t shifted = static_cast<int32_t>(static_cast<uint32_t>(x) << std::max(m.shift, 0));
  return RoundedShift(HighProduct(shifted, m.factor), std::max(-m.shift, 0));
}
// The rule of 64-bit sums: 16 bits of the multiplier, x * factor / 2^bits, one rounding, ties up. TFLite means it for
// shifts below 8.
struct WideMultiplier {
  int32_t factor = 0;
  int bits = 1;
};
inline WideMultiplier ReducedMultiplier(const Multiplier& m) {
  return {m.factor < 0x7FFF0000 ? (m.factor + (1 << 15)) >> 16 : 0x7FFF, std::max(15 - m.shift, 1)};
}
inline int32_t ScaledWide(int64_t x, const Multiplier& m) {
  const WideMultiplier by = ReducedMultiplier(m);
  const uint64_t product =
      static_cast<uint64_t>(x) * static_cast<uint64_t>(int64_t{by.factor}) + (uint64_t{1} << (by.bits - 1));
  return static_cast<int32_t>(static_cast<int64_t>(product) >> by.bits);
}

// The multiplier as kernels take it; not negative.
inline kernels::IntScale KernelScale(const Multiplier& m) {
  return {m.factor, std::max(m.shift, 0), std::max(-m.shift, 0)};
}

// int8, uint8 and int16, whose values are quantized.
inline bool IsQuantizedType(DType dtype) {
  return dtype == DType::kInt8 || dtype == DType::kUInt8 || dtype == DType::kInt16;
}

// Limits of stored values, both included.
struct StoredRange {
  int32_t low = 0, high = 0;
  int32_t operator()(int64_t x) const { return static_cast<int32_t>(std::clamp<int64_t>(x, low, high)); }
};
StoredRange RangeOfType(DType dtype);  // int8, uint8, int16

// The one scale and zero point of a value; the error names it: a scale that is missing, one per channel, a zero point
// outside of the type, or other than 0 for int16.
struct Quantization {
  float scale = 0;
  int32_t zero_point = 0;
};
Result<Quantization> QuantizationOf(const Value& value);

// The limits of a fused activation for an output of this quantization.
Result<StoredRange> StoredLimits(const kernels::Clamp& clamp, DType dtype, const Quantization& quantization);

}  // namespace safelight
