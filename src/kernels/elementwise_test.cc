// SPDX-License-Identifier: Apache-2.0
#include "kernels/elementwise.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <random>
#include <vector>

#include "kernels/every_target_for_tests.h"

namespace safelight::kernels {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr int kUnaryOps = static_cast<int>(UnaryOp::kLogistic) + 1;
constexpr int kBinaryOps = static_cast<int>(BinaryOp::kAtan2) + 1;
constexpr size_t kCounts[] = {1, 7, 8, 9, 31, 67};

std::vector<float> RandomFloats(size_t count, float low, float high, unsigned seed) {
  std::mt19937 random(seed);
  std::uniform_real_distribution<float> value(low, high);
  std::vector<float> x(count);
  for (float& v : x) v = value(random);
  return x;
}

bool SameBits(const float* a, const float* b, size_t count) { return std::memcmp(a, b, count * sizeof(float)) == 0; }

// Equal numbers, or both not a number.
bool Agree(float a, float b) { return a == b || (std::isnan(a) && std::isnan(b)); }

TEST(UnaryRunTest, AgreesWithTheScalarFunctionToAFewUnitsInTheLastPlace) {
  OnEveryTarget([] {
    for (int number = 0; number < kUnaryOps; ++number) {
      const UnaryOp op = static_cast<UnaryOp>(number);
      const bool positive = op == UnaryOp::kLog || op == UnaryOp::kSqrt || op == UnaryOp::kRsqrt;
      for (float reach : {1e-3f, 1.0f, 10.0f, 80.0f}) {
        SCOPED_TRACE(testing::Message() << "op " << number << ", reach " << reach << ", seed 71");
        const std::vector<float> x = RandomFloats(4096, positive ? 1e-6f : -reach, reach, 71);
        std::vector<float> y(x.size());
        FindUnaryRun(op)(x.data(), y.data(), x.size(), 0.25f);
        for (size_t i = 0; i < x.size(); ++i) {
          const float expected = UnaryScalar(op, x[i], 0.25f);
          ASSERT_NEAR(y[i], expected, 1e-6f * std::max(1.0f, std::abs(x[i])) + 1e-6f * std::abs(expected)) << x[i];
        }
      }
    }
  });
}

TEST(UnaryRunTest, GeluIsExactEnoughInItsTail) {
  const std::vector<float> x = RandomFloats(4096, -9.0f, 9.0f, 72);
  std::vector<float> y(x.size());
  FindUnaryRun(UnaryOp::kGelu)(x.data(), y.data(), x.size(), 0);
  for (size_t i = 0; i < x.size(); ++i) {
    const double expected = 0.5 * x[i] * std::erfc(-x[i] / std::sqrt(2.0));
    EXPECT_NEAR(y[i], expected, 4e-7 + 1e-5 * std::abs(expected)) << x[i];
    if (x[i] < -4) {
      EXPECT_NEAR(y[i] / expected, 1.0, 2e-5) << x[i];
    }
  }
}

TEST(UnaryRunTest, SpecialNumbersGoAsInTheScalarFunction) {
  OnEveryTarget([] {
    const float special[] = {0.0f,  -0.0f, 1.0f,   -1.0f, 0.5f,       1.5f,   2.5f, -0.5f,
                             -1.5f, 6.0f,  100.0f, 1e30f, 3.0000002f, 1e-30f, kNan, kInfinity};
    for (int number = 0; number < kUnaryOps; ++number) {
      const UnaryOp op = static_cast<UnaryOp>(number);
      for (float x : special) {
        float y = -123.0f;
        FindUnaryRun(op)(&x, &y, 1, 0.25f);
        const float expected = UnaryScalar(op, x, 0.25f);
        const bool near =
            std::isfinite(expected) && std::abs(y - expected) <= 1e-6f * std::max(1.0f, std::abs(expected));
        EXPECT_TRUE(near || Agree(y, expected)) << "op " << number << " of " << x << ": " << y << ", not " << expected;
      }
    }
  });
}

TEST(UnaryRunTest, NegativeInfinityHasTheLimitOfEachFunction) {
  OnEveryTarget([] {
    const struct {
      UnaryOp op;
      float expected;
    } cases[] = {{UnaryOp::kExp, 0},        {UnaryOp::kLog, kNan}, {UnaryOp::kAbs, kInfinity}, {UnaryOp::kRelu, 0},
                 {UnaryOp::kElu, -1},       {UnaryOp::kTanh, -1},  {UnaryOp::kLogistic, 0},    {UnaryOp::kSign, -1},
                 {UnaryOp::kReluN1To1, -1}, {UnaryOp::kSin, kNan}, {UnaryOp::kSqrt, kNan},     {UnaryOp::kGelu, 0}};
    for (const auto& c : cases) {
      const float x = -kInfinity;
      float y = -123.0f;
      FindUnaryRun(c.op)(&x, &y, 1, 0.25f);
      EXPECT_TRUE(Agree(y, c.expected)) << "op " << static_cast<int>(c.op) << ": " << y;
    }
  });
}

TEST(UnaryRunTest, AnElementHasTheSameBitsInAnyRunAndAtAnyPlace) {
  const std::vector<float> x = RandomFloats(67, -50000.0f, 50000.0f, 73);
  for (int number = 0; number < kUnaryOps; ++number) {
    const UnaryRun run = FindUnaryRun(static_cast<UnaryOp>(number));
    for (float scale : {1.0f, 1e-4f}) {
      SCOPED_TRACE(testing::Message() << "op " << number << ", scale " << scale << ", seed 73");
      std::vector<float> in(x), whole(x.size());
      for (float& v : in) v *= scale;
      run(in.data(), whole.data(), in.size(), 0.25f);
      for (size_t count : kCounts) {
        for (size_t begin = 0; begin + count <= in.size(); begin += 5) {
          std::vector<float> part(count + 1, 42.0f);
          run(in.data() + begin, part.data(), count, 0.25f);
          EXPECT_TRUE(SameBits(part.data(), whole.data() + begin, count)) << count << " from " << begin;
          EXPECT_EQ(part[count], 42.0f) << "written past the end";
        }
      }
    }
  }
}

TEST(BinaryRunTest, AgreesWithTheScalarFunctionForAllSteps) {
  for (int number = 0; number < kBinaryOps; ++number) {
    const BinaryOp op = static_cast<BinaryOp>(number);
    for (size_t count : kCounts) {
      const std::vector<float> a = RandomFloats(count, 0.1f, 3.0f, 74), b = RandomFloats(count, -3.0f, 3.0f, 75);
      for (int steps = 0; steps < 4; ++steps) {
        SCOPED_TRACE(testing::Message() << "op " << number << ", count " << count << ", seeds 74, 75");
        const size_t a_step = steps & 1, b_step = steps >> 1;
        std::vector<float> out(count + 1, 42.0f);
        FindBinaryRun(op)(a.data(), a_step, b.data(), b_step, out.data(), count, {-1.5f, 2.0f});
        for (size_t i = 0; i < count; ++i) {
          const float expected = std::min(std::max(BinaryScalar(op, a[i * a_step], b[i * b_step]), -1.5f), 2.0f);
          EXPECT_EQ(out[i], expected) << "element " << i;
        }
        EXPECT_EQ(out[count], 42.0f) << "written past the end";
      }
    }
  }
}

TEST(BinaryRunTest, PowersAreExactToHalfAUnitInTheLastPlaceAndALittle) {
  OnEveryTarget([] {
    std::vector<float> a = RandomFloats(4096, -38.0f, 38.0f, 76);
    const std::vector<float> b = RandomFloats(4096, -6.0f, 6.0f, 77);
    for (float& v : a) v = std::pow(10.0f, v);
    std::vector<float> out(a.size());
    FindBinaryRun(BinaryOp::kPow)(a.data(), 1, b.data(), 1, out.data(), a.size(), {});
    for (size_t i = 0; i < a.size(); ++i) {
      const double expected = std::pow(static_cast<double>(a[i]), static_cast<double>(b[i]));
      if (expected > std::numeric_limits<float>::max()) continue;
      EXPECT_NEAR(out[i], expected, 6.2e-8 * expected + 1e-45) << a[i] << " to " << b[i];
    }
  });
}

TEST(BinaryRunTest, PowersOfSpecialNumbers) {
  OnEveryTarget([] {
    const float numbers[] = {0.0f,  -0.0f,  1.0f,  -1.0f, 0.5f,      2.0f,      3.0f,
                             -2.5f, 1e-40f, 1e30f, kNan,  kInfinity, -kInfinity};
    for (float base : numbers) {
      for (float power : numbers) {
        float y = -123.0f;
        FindBinaryRun(BinaryOp::kPow)(&base, 1, &power, 1, &y, 1, {});
        EXPECT_TRUE(Agree(y, std::pow(base, power))) << base << " to " << power << ": " << y;
      }
    }
  });
}

TEST(BinaryRunTest, NanGoesThroughTheActivation) {
  const float nan = kNan, one = 1.0f;
  float y = 0;
  FindBinaryRun(BinaryOp::kAdd)(&nan, 1, &one, 1, &y, 1, {0.0f, 6.0f});
  EXPECT_TRUE(std::isnan(y));
}

TEST(BinaryRunTest, MaximumAndMinimumGiveTheSecondOperandWhenOneIsNan) {
  const float nan = kNan, one = 1.0f;
  for (BinaryOp op : {BinaryOp::kMaximum, BinaryOp::kMinimum}) {
    float y = 0;
    FindBinaryRun(op)(&nan, 1, &one, 1, &y, 1, {});
    EXPECT_EQ(y, 1.0f);
    FindBinaryRun(op)(&one, 1, &nan, 1, &y, 1, {});
    EXPECT_TRUE(std::isnan(y));
  }
}

TEST(RepeatEachTest, EveryElementStandsAsOftenAsAsked) {
  OnEveryTarget([] {
    const std::vector<float> in = RandomFloats(40, -1.0f, 1.0f, 78);
    for (size_t repeats : {1, 3, 8, 16, 31, 64}) {
      for (size_t count : {1, 2, 7}) {
        std::vector<float> out(count * repeats + 16, 42.0f);
        RepeatEach(in.data(), 5, count, repeats, out.data());
        for (size_t i = 0; i < count * repeats; ++i) EXPECT_EQ(out[i], in[i / repeats * 5]) << i << " of " << repeats;
      }
    }
  });
}

TEST(BinaryScalarTest, FloorDivisionRoundsTheExactQuotient) {
  // 0.3f is a little more than three times 0.1f less an ulp: the float quotient rounds to 3, the exact one is below.
  const float a = 0.3f, b = 0.1f;
  EXPECT_EQ(BinaryScalar(BinaryOp::kFloorDiv, a, b), std::floor(static_cast<double>(a) / static_cast<double>(b)));
  EXPECT_EQ(BinaryScalar(BinaryOp::kFloorDiv, -7.0f, 2.0f), -4.0f);
  EXPECT_EQ(BinaryScalar(BinaryOp::kFloorMod, -7.0f, 2.0f), 1.0f);
  EXPECT_EQ(BinaryScalar(BinaryOp::kFloorMod, 7.0f, -2.0f), -1.0f);
}

}  // namespace
}  // namespace safelight::kernels
