// SPDX-License-Identifier: Apache-2.0
//
// Quantized values element by element, exact: sums and products of two operands, values on another scale, and from and
// to float32. Integers are scaled as TFLite's reference kernels do it, by a multiplier of 31 bits and a shift, each
// rounded.
#pragma once

#include <cstddef>
#include <cstdint>

namespace safelight::kernels {

// x * 2^left, modulo 2^32, * factor / 2^31, rounded, / 2^right, rounded with ties away from zero. factor is not
// negative; left or right is 0.
struct IntScale {
  int32_t factor = 0;
  int32_t left = 0, right = 0;
};

enum class IntBinaryOp { kAdd, kSub, kMul };
// With values x - zero point: out(a(a * 2^shift) +- b(b * 2^shift)), or out(a * b); + out_zero, limited.
struct IntBinary {
  IntBinaryOp op = IntBinaryOp::kAdd;
  int32_t a_zero = 0, b_zero = 0, out_zero = 0;
  int32_t shift = 0;
  IntScale a, b, out;
  int32_t low = 0, high = 0;
};
// Operands of T, int8, uint8 or int16, which advance by 0 or 1.
template <typename T>
struct IntOperands {
  const T* a = nullptr;
  size_t a_step = 1;
  const T* b = nullptr;
  size_t b_step = 1;
};
void RunIntBinary(const IntBinary& by, const IntOperands<int8_t>& in, size_t count, int8_t* out);
void RunIntBinary(const IntBinary& by, const IntOperands<uint8_t>& in, size_t count, uint8_t* out);
void RunIntBinary(const IntBinary& by, const IntOperands<int16_t>& in, size_t count, int16_t* out);

// The larger of two stored values, or the smaller.
void RunIntExtreme(bool larger, const IntOperands<int8_t>& in, size_t count, int8_t* out);
void RunIntExtreme(bool larger, const IntOperands<uint8_t>& in, size_t count, uint8_t* out);
void RunIntExtreme(bool larger, const IntOperands<int16_t>& in, size_t count, int16_t* out);

// scale(x - in_zero) + out_zero, limited to the type. The zero points lie within 17 bits.
struct IntRescale {
  int32_t in_zero = 0, out_zero = 0;
  IntScale scale;
};
// From and To: int8_t, uint8_t, int16_t.
template <typename From, typename To>
void RunIntRescale(const IntRescale& by, const From* in, size_t count, To* out);

// round(x / scale) + zero_point, halves away from zero, limited to the type; what is not a number is the lowest value.
// The zero point lies within 17 bits.
template <typename T>
void RunIntQuantize(float scale, int32_t zero_point, const float* in, size_t count, T* out);
// scale * (x - zero_point).
template <typename T>
void RunIntDequantize(float scale, int32_t zero_point, const T* in, size_t count, float* out);

}  // namespace safelight::kernels
