// SPDX-License-Identifier: Apache-2.0
#include "kernels/int_elements.h"

#include <gtest/gtest.h>
#include <hwy/highway.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include "kernels/every_target_for_tests.h"

namespace safelight::kernels {
namespace {

constexpr size_t kCount = 83;

int32_t Scaled(int32_t x, const IntScale& by) {
  const int64_t shifted = static_cast<int32_t>(static_cast<uint32_t>(x) << by.left);
  const int64_t high = (shifted * by.factor + (int64_t{1} << 30)) >> 31;
  const int64_t unit = int64_t{1} << by.right, half = unit / 2;
  return static_cast<int32_t>(high >= 0 ? (high + half) / unit : -((-high + half) / unit));
}

IntScale AnyScale(std::mt19937& random, int32_t most_right) {
  IntScale scale{static_cast<int32_t>((1u << 30) + random() % (1u << 30)), 0, 0};
  (random() % 4 == 0 ? scale.left : scale.right) = static_cast<int32_t>(random() % static_cast<uint32_t>(most_right));
  scale.left = std::min(scale.left, 3);
  return scale;
}

template <typename T>
std::vector<T> AnyValues(std::mt19937& random) {
  std::vector<T> values(kCount);
  for (T& value : values) value = static_cast<T>(random());
  values[0] = std::numeric_limits<T>::min();
  values[1] = std::numeric_limits<T>::max();
  return values;
}

template <typename T>
T Limited(int64_t x, int64_t low, int64_t high) {
  return static_cast<T>(std::clamp(x, low, high));
}

template <typename T>
void ExpectBinary(IntBinaryOp op, std::mt19937& random) {
  const bool words = sizeof(T) == 2;
  IntBinary by;
  by.op = op;
  by.shift = words ? 15 : 20;
  by.low = std::numeric_limits<T>::min(), by.high = 100;
  if (!words) by.a_zero = 3, by.b_zero = -7, by.out_zero = 11;
  by.a = AnyScale(random, 4), by.b = AnyScale(random, 4), by.out = AnyScale(random, op == IntBinaryOp::kMul ? 9 : 28);
  by.a.left = by.b.left = 0;
  const std::vector<T> a = AnyValues<T>(random), b = AnyValues<T>(random);
  const size_t a_step = random() % 3 == 0 ? 0 : 1, b_step = random() % 3 == 0 ? 0 : 1;
  std::vector<T> out(kCount + 1, T{42});
  RunIntBinary(by, {a.data(), a_step, b.data(), b_step}, kCount, out.data());
  for (size_t i = 0; i < kCount; ++i) {
    int32_t x = a[i * a_step] - by.a_zero, y = b[i * b_step] - by.b_zero;
    if (op == IntBinaryOp::kMul) {
      x *= y;
    } else {
      x = Scaled(x * (1 << by.shift), by.a), y = Scaled(y * (1 << by.shift), by.b);
      x = op == IntBinaryOp::kAdd ? x + y : x - y;
    }
    ASSERT_EQ(out[i], Limited<T>(int64_t{Scaled(x, by.out)} + by.out_zero, by.low, by.high)) << i;
  }
  ASSERT_EQ(out[kCount], T{42});
}

template <typename From, typename To>
void ExpectRescaled(std::mt19937& random) {
  const IntRescale by{static_cast<int32_t>(random() % 256) - 128, static_cast<int32_t>(random() % 256) - 128,
                      AnyScale(random, 12)};
  const std::vector<From> in = AnyValues<From>(random);
  std::vector<To> out(kCount + 1, To{42});
  RunIntRescale(by, in.data(), kCount, out.data());
  for (size_t i = 0; i < kCount; ++i) {
    const int64_t result = int64_t{Scaled(in[i] - by.in_zero, by.scale)} + by.out_zero;
    ASSERT_EQ(out[i], Limited<To>(result, std::numeric_limits<To>::min(), std::numeric_limits<To>::max()));
  }
  ASSERT_EQ(out[kCount], To{42});
}

template <typename T>
void ExpectFloats(std::mt19937& random) {
  const float scale = 0.25f;
  const int32_t zero = sizeof(T) == 2 ? 0 : 5;
  std::vector<float> in(kCount);
  // Halves of steps among them, and what lies beside them.
  for (float& x : in) x = static_cast<float>(static_cast<int>(random() % 2048) - 1024) * scale / 2;
  in[0] = std::nextafter(0.125f, 0.0f), in[1] = std::nextafter(-0.125f, 0.0f), in[2] = 1e30f, in[3] = -1e30f;
  in[4] = std::numeric_limits<float>::quiet_NaN(), in[5] = std::numeric_limits<float>::infinity();
  std::vector<T> out(kCount);
  RunIntQuantize(scale, zero, in.data(), kCount, out.data());
  for (size_t i = 0; i < kCount; ++i) {
    constexpr double kLow = std::numeric_limits<T>::min(), kHigh = std::numeric_limits<T>::max();
    const double rounded = std::round(in[i] / scale) + static_cast<double>(zero);
    ASSERT_EQ(out[i], static_cast<T>(rounded > kLow ? std::min(rounded, kHigh) : kLow)) << in[i];
  }
  std::vector<float> back(kCount);
  RunIntDequantize(0.1f, zero, out.data(), kCount, back.data());
  for (size_t i = 0; i < kCount; ++i) {
    ASSERT_EQ(back[i], static_cast<float>(static_cast<double>(0.1f) * (out[i] - zero)));
  }
}

TEST(IntElementsTest, SumsAndProductsAreThoseOfTheDefinition) {
  OnEveryTarget([] {
    std::mt19937 random(9);
    for (int round = 0; round < 60; ++round) {
      for (const IntBinaryOp op : {IntBinaryOp::kAdd, IntBinaryOp::kSub, IntBinaryOp::kMul}) {
        ExpectBinary<int8_t>(op, random);
        ExpectBinary<uint8_t>(op, random);
        ExpectBinary<int16_t>(op, random);
      }
    }
  });
}

template <typename T>
void ExpectExtremes(std::mt19937& random) {
  const std::vector<T> a = AnyValues<T>(random), b = AnyValues<T>(random);
  std::vector<T> larger(kCount), smaller(kCount);
  RunIntExtreme(true, {a.data(), 1, b.data(), 0}, kCount, larger.data());
  RunIntExtreme(false, {a.data(), 1, b.data(), 1}, kCount, smaller.data());
  for (size_t i = 0; i < kCount; ++i) {
    ASSERT_EQ(larger[i], std::max(a[i], b[0]));
    ASSERT_EQ(smaller[i], std::min(a[i], b[i]));
  }
}

TEST(IntElementsTest, ExtremesAreThoseOfEveryPair) {
  OnEveryTarget([] {
    std::mt19937 random(14);
    ExpectExtremes<int8_t>(random);
    ExpectExtremes<uint8_t>(random);
    ExpectExtremes<int16_t>(random);
  });
}

TEST(IntElementsTest, ValuesOnAnotherScaleAreThoseOfTheDefinition) {
  OnEveryTarget([] {
    std::mt19937 random(10);
    for (int round = 0; round < 60; ++round) {
      ExpectRescaled<int8_t, uint8_t>(random);
      ExpectRescaled<uint8_t, int8_t>(random);
      ExpectRescaled<int8_t, int8_t>(random);
      ExpectRescaled<int16_t, int8_t>(random);
      ExpectRescaled<uint8_t, int16_t>(random);
    }
  });
}

TEST(IntElementsTest, FloatsAreRoundedAwayFromZeroAndComeBack) {
  OnEveryTarget([] {
    std::mt19937 random(11);
    for (int round = 0; round < 20; ++round) {
      ExpectFloats<int8_t>(random);
      ExpectFloats<uint8_t>(random);
      ExpectFloats<int16_t>(random);
    }
  });
}

}  // namespace
}  // namespace safelight::kernels
