// SPDX-License-Identifier: Apache-2.0
//
// Functions of 32-bit fixed-point numbers, Qi with i integer bits (and 31 - i fractional ones), to the bits of the
// reference kernels. Products of Qi and Qj are Q(i + j).
#pragma once

#include <bit>

#include "ops/support/quantized.h"

namespace safelight {

inline int32_t ShiftedLeftSaturating(int32_t x, int bits) {
  return static_cast<int32_t>(std::clamp<int64_t>(int64_t{x} << bits, INT32_MIN, INT32_MAX));
}

// e^x as Q0, of a Q5 number from -32 to 0.
inline int32_t ExpOfNegative(int32_t x) {
  constexpr int32_t kQuarter = 1 << 24, kEighth = 1 << 28;
  constexpr int32_t kExpOfEighth = 1895147668;  // e^(-1/8)
  constexpr int32_t kThird = 715827883;
  const int32_t rest = (x & (kQuarter - 1)) - kQuarter;  // in [-1/4, 0)
  const int32_t a = ShiftedLeftSaturating(rest, 5) + kEighth;
  const int32_t a2 = HighProduct(a, a), a3 = HighProduct(a2, a), a4 = HighProduct(a2, a2);
  const int32_t tail = RoundedShift(HighProduct(RoundedShift(a4, 2) + a3, kThird) + a2, 1);
  int32_t result = kExpOfEighth + HighProduct(kExpOfEighth, a + tail);
  // e^-(1/4), e^-(1/2), e^-1, ... for the bits of what is left.
  constexpr int32_t kPowers[] = {1672461947, 1302514674, 790015084, 290630308, 39332535, 720401, 242};
  const int32_t left = rest - x;
  for (int bit = 0; bit < 7; ++bit) {
    if ((left & (kQuarter << bit)) != 0) result = HighProduct(result, kPowers[bit]);
  }
  return x == 0 ? std::numeric_limits<int32_t>::max() : result;
}

// 1 / (1 + x) as Q0, of a Q0 number from 0 to 1: three steps of Newton's method.
inline int32_t OneOverOnePlus(int32_t x) {
  constexpr int32_t k48Over17 = 1515870810, kMinus32Over17 = -1010580540, kOne = 1 << 29;  // Q2
  const int32_t half = static_cast<int32_t>((int64_t{x} + INT32_MAX + 1) / 2);
  int32_t y = k48Over17 + HighProduct(half, kMinus32Over17);
  for (int step = 0; step < 3; ++step) {
    y += ShiftedLeftSaturating(HighProduct(y, kOne - HighProduct(half, y)), 2);
  }
  return ShiftedLeftSaturating(y, 1);
}

// log(x) as Q5, of a Q12 number above 0: a rational function of what is left beside the nearest quarter of a power of
// two, found with and without a factor of sqrt(1/2).
inline int32_t LogOf(int32_t x) {
  constexpr int32_t kLogOfTwo = 1488522236, kRootRootHalf = 1805811301, kRootHalf = 1518500250;           // Q0
  constexpr int32_t kN = 117049297, kD = 127690142, kI = 1057819769, kF = 638450708, kQuarter = 1 << 23;  // Q0, Q6
  const auto saturated = [](int64_t y) { return static_cast<int32_t>(std::clamp<int64_t>(y, INT32_MIN, INT32_MAX)); };
  const int headroom_a = std::countl_zero(static_cast<uint32_t>(x));
  const int32_t rest_a = ShiftedLeftSaturating(HighProduct(ShiftedLeftSaturating(x, headroom_a - 1), kRootHalf), 1);
  const int32_t power_a = saturated(int64_t{ShiftedLeftSaturating(12 - headroom_a, 25)} + kQuarter);
  const int headroom_b = std::countl_zero(static_cast<uint32_t>(HighProduct(x, kRootHalf))) - 1;
  const int32_t rest_b = ShiftedLeftSaturating(x, headroom_b);
  const int32_t power_b = saturated(int64_t{ShiftedLeftSaturating(12 - headroom_b, 25)} - kQuarter);
  const int32_t r = std::min(rest_a, rest_b), power = std::max(power_a, power_b);
  const int64_t sum = int64_t{r} + kRootRootHalf;
  const int32_t p = static_cast<int32_t>((sum + (sum >= 0 ? 1 : -1)) / 2);
  const int32_t q = 2 * (r - kRootRootHalf), square = HighProduct(q, q);
  const int32_t numerator = HighProduct(q, r) + HighProduct(HighProduct(q, square), kN);
  const int32_t denominator = HighProduct(p, kI + q + HighProduct(kD, square)) + HighProduct(kF, q);
  const int32_t log =
      HighProduct(power, kLogOfTwo) + HighProduct(RoundedShift(numerator, 6), OneOverOnePlus(denominator));
  return ShiftedLeftSaturating(log, 1);
}

// 1 / sqrt(x) of a whole number as a multiplier; 0 counts as 1. Five steps of Newton's method from 1.
inline Multiplier InverseRoot(int32_t x) {
  if (x <= 1) return {std::numeric_limits<int32_t>::max(), 0};
  constexpr int32_t kOne = 1 << 28, kThreeHalves = (1 << 28) + (1 << 27);  // Q3
  constexpr int32_t kHalfRootOfTwo = 1518500250;                           // Q0
  int shift = 11;
  for (; x >= 1 << 29; x /= 4) ++shift;
  const int pairs = (std::countl_zero(static_cast<uint32_t>(x)) - 1) / 2 - 1;
  shift -= pairs;
  x <<= 2 * pairs;
  const int32_t half = RoundedShift(x >> 1, 1);
  int32_t y = kOne;
  for (int step = 0; step < 5; ++step) {
    const int32_t cube = ShiftedLeftSaturating(HighProduct(HighProduct(y, y), y), 6);
    y = ShiftedLeftSaturating(HighProduct(kThreeHalves, y) - HighProduct(half, cube), 3);
  }
  Multiplier root{HighProduct(y, kHalfRootOfTwo), -shift};
  if (shift < 0) root = {static_cast<int32_t>(static_cast<uint32_t>(root.factor) << -shift), 0};
  return root;
}

}  // namespace safelight
