// SPDX-License-Identifier: Apache-2.0
//
// Functions of 16-bit fixed-point numbers, Qi with i integer bits (and 15 - i fractional ones), to the bits of the
// reference kernels: what integer LSTMs apply to their gates. Products of Qi and Qj are Q(i + j); constants are those
// of 32 bits, rounded.
#pragma once

#include <algorithm>
#include <cstdint>

namespace safelight {

class Fixed16 {
 public:
  // 1 / (1 + e^-x) as Q0, of a Q3 number.
  static int16_t Logistic(int16_t x) {
    if (x == 0) return 1 << 14;
    const int16_t positive = OneOverOnePlus(ExpOfNegative(Wrap(x > 0 ? -x : x), 3));
    return x > 0 ? positive : Wrap(INT16_MAX - positive);
  }
  // tanh(x) as Q0, of a Q`integer_bits` number, 0 to 6.
  static int16_t Tanh(int16_t x, int integer_bits) {
    if (x == 0) return 0;
    // (1 - e^2x) / (1 + e^2x) of x below 0; twice a number is the same bits with one more in front of the point.
    const int16_t y = TwoOverOnePlus(ExpOfNegative(Wrap(x < 0 ? x : -x), integer_bits + 1));
    const int16_t result = ShiftedLeft(Wrap(y - (1 << 13)), 2);
    return x < 0 ? Wrap(-result) : result;
  }
  // x / 2^bits, ties away from zero.
  static int32_t Shift(int32_t x, int bits) {
    const int32_t mask = static_cast<int32_t>((int64_t{1} << bits) - 1), rest = x & mask;
    return (x >> bits) + (rest > (mask >> 1) + (x < 0 ? 1 : 0) ? 1 : 0);
  }

 private:
  static int16_t Wrap(int32_t x) { return static_cast<int16_t>(x); }
  static int16_t Saturated(int32_t x) { return static_cast<int16_t>(std::clamp(x, INT16_MIN, INT16_MAX)); }
  static int16_t Product(int16_t a, int16_t b) {
    if (a == INT16_MIN && b == INT16_MIN) return INT16_MAX;
    return Wrap((int32_t{a} * b + (1 << 14)) >> 15);
  }
  static int16_t ShiftedLeft(int16_t x, int bits) { return Saturated(int32_t{x} * (1 << bits)); }
  static constexpr int16_t Constant(int32_t of_32_bits) {
    const int64_t rounded = (int64_t{of_32_bits} + (of_32_bits < 0 ? 0x7FFF : 0x8000)) >> 16;
    return static_cast<int16_t>(rounded);
  }

  // e^x as Q0, of a Q`integer_bits` number up to 0.
  static int16_t ExpOfNegative(int16_t x, int integer_bits) {
    const int fraction = 15 - integer_bits;
    const int16_t quarter = Wrap(fraction >= 2 ? 1 << (fraction - 2) : 0);
    const int16_t rest = Wrap((x & (quarter - 1)) - quarter);  // in [-1/4, 0)
    int16_t result = ExpNearZero(ShiftedLeft(rest, integer_bits));
    const int16_t left = Wrap(rest - x);
    // e^-(1/4), e^-(1/2), e^-1, ... for the bits of what is left.
    constexpr int32_t kPowers[] = {1672461947, 1302514674, 790015084, 290630308, 39332535, 720401, 242};
    for (int power = -2; power < std::min(integer_bits, 5); ++power) {
      if ((left & (1 << (fraction + power))) == 0) continue;
      result = Product(result, Constant(kPowers[power + 2]));
    }
    if (integer_bits > 5 && x < -(1 << (20 - integer_bits))) result = 0;  // below -32
    return x == 0 ? int16_t{INT16_MAX} : result;
  }

  // e^x as Q0, of a Q0 number in [-1/4, 0).
  static int16_t ExpNearZero(int16_t x) {
    constexpr int16_t kExpOfEighth = Constant(1895147668), kThird = Constant(715827883);
    const int16_t a = Wrap(x + (1 << 12));
    const int16_t a2 = Product(a, a), a3 = Product(a2, a), a4 = Product(a2, a2);
    const int16_t tail = Wrap(Shift(Wrap(Product(Wrap(Wrap(Shift(a4, 2)) + a3), kThird) + a2), 1));
    return Saturated(kExpOfEighth + Product(kExpOfEighth, Wrap(a + tail)));
  }

  // 2 / (1 + x) as Q2, of a Q0 number from 0 to 1: three steps of Newton's method.
  static int16_t TwoOverOnePlus(int16_t x) {
    constexpr int16_t k48Over17 = Constant(1515870810), kMinus32Over17 = Constant(-1010580540), kOne = 1 << 13;  // Q2
    const int16_t half = Wrap((x + INT16_MAX + 1) / 2);
    int16_t y = Wrap(k48Over17 + Product(half, kMinus32Over17));
    for (int step = 0; step < 3; ++step) {
      y = Wrap(y + ShiftedLeft(Product(y, Wrap(kOne - Product(half, y))), 2));
    }
    return y;
  }
  static int16_t OneOverOnePlus(int16_t x) { return ShiftedLeft(TwoOverOnePlus(x), 1); }
};

}  // namespace safelight
