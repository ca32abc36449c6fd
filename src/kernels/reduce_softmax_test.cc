// SPDX-License-Identifier: Apache-2.0
#include "kernels/reduce_softmax.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

namespace safelight::kernels {
namespace {

std::vector<float> RandomFloats(size_t count, float reach, unsigned seed) {
  std::mt19937 random(seed);
  std::uniform_real_distribution<float> value(-reach, reach);
  std::vector<float> x(count);
  for (float& v : x) v = value(random);
  return x;
}

constexpr int64_t kDepths[] = {1, 2, 7, 8, 9, 31, 67, 1024, 1025, 3000};

TEST(SoftmaxPixelsTest, AgreesWithDoubles) {
  for (int64_t depth : kDepths) {
    SCOPED_TRACE(testing::Message() << "depth " << depth << " seed 51");
    const int64_t pixels = 5;
    const std::vector<float> x = RandomFloats(pixels * depth, 8.0f, 51);
    std::vector<float> soft(x.size()), logs(x.size());
    SoftmaxPixels({x.data(), depth, soft.data(), depth, pixels, depth}, 0.5f);
    LogSoftmaxPixels({x.data(), depth, logs.data(), depth, pixels, depth});
    for (int64_t p = 0; p < pixels; ++p) {
      double sum = 0, log_sum = 0;
      for (int64_t i = 0; i < depth; ++i) {
        sum += std::exp(0.5 * x[p * depth + i]);
        log_sum += std::exp(static_cast<double>(x[p * depth + i]));
      }
      for (int64_t i = 0; i < depth; ++i) {
        const double expected = std::exp(0.5 * x[p * depth + i]) / sum;
        EXPECT_NEAR(soft[p * depth + i], expected, 1e-6 * expected + 1e-12);
        EXPECT_NEAR(logs[p * depth + i], x[p * depth + i] - std::log(log_sum), 4e-6);
      }
    }
  }
}

TEST(SoftmaxPixelsTest, APixelAloneHasTheBitsOfThatPixelAmongOthers) {
  for (int64_t depth : kDepths) {
    SCOPED_TRACE(testing::Message() << "depth " << depth << " seed 52");
    const int64_t pixels = 13;
    const std::vector<float> x = RandomFloats(pixels * depth, 3.0f, 52);
    std::vector<float> together(x.size()), alone(depth);
    SoftmaxPixels({x.data(), depth, together.data(), depth, pixels, depth}, 1.0f);
    for (int64_t p = 0; p < pixels; ++p) {
      SoftmaxPixels({x.data() + p * depth, 0, alone.data(), 0, 1, depth}, 1.0f);
      EXPECT_TRUE(std::equal(alone.begin(), alone.end(), together.begin() + p * depth)) << "pixel " << p;
    }
  }
}

TEST(SoftmaxPixelsTest, FarBelowTheHighestIsZeroAndFarApartIsStillFinite) {
  const float x[] = {1e30f, -1e30f, 0.0f, -std::numeric_limits<float>::infinity()};
  float out[4];
  SoftmaxPixels({x, 4, out, 4, 1, 4}, 1.0f);
  EXPECT_EQ(out[0], 1.0f);
  for (int i = 1; i < 4; ++i) EXPECT_EQ(out[i], 0.0f) << i;
}

TEST(SoftmaxPixelsTest, APixelWithANanIsNanThroughoutAndTheOthersAreNot) {
  const int64_t depth = 9;
  std::vector<float> x = RandomFloats(3 * depth, 2.0f, 52), soft(x.size()), logs(x.size());
  x[depth + 4] = std::numeric_limits<float>::quiet_NaN();
  SoftmaxPixels({x.data(), depth, soft.data(), depth, 3, depth}, 1.0f);
  LogSoftmaxPixels({x.data(), depth, logs.data(), depth, 3, depth});
  for (int64_t i = 0; i < 3 * depth; ++i) {
    EXPECT_EQ(std::isnan(soft[i]), i / depth == 1) << i;
    EXPECT_EQ(std::isnan(logs[i]), i / depth == 1) << i;
  }
}

TEST(L2NormalizePixelsTest, LengthIsOneAndZeroStaysZero) {
  const float x[] = {3.0f, 4.0f, 0.0f, 0.0f, 1e-9f, 0.0f};
  float out[6];
  L2NormalizePixels({x, 2, out, 2, 3, 2}, 1e-6f);
  EXPECT_FLOAT_EQ(out[0], 0.6f);
  EXPECT_FLOAT_EQ(out[1], 0.8f);
  EXPECT_EQ(out[2], 0.0f);
  EXPECT_FLOAT_EQ(out[4], 1e-3f);  // divided by epsilon, not by its length
}

TEST(L2NormalizePixelsTest, AgreesWithDoubles) {
  for (int64_t depth : kDepths) {
    SCOPED_TRACE(testing::Message() << "depth " << depth << " seed 53");
    const std::vector<float> x = RandomFloats(depth, 2.0f, 53);
    std::vector<float> out(depth);
    L2NormalizePixels({x.data(), depth, out.data(), depth, 1, depth}, 1e-6f);
    double sum = 0;
    for (float v : x) sum += static_cast<double>(v) * v;
    for (int64_t i = 0; i < depth; ++i) EXPECT_NEAR(out[i], x[i] / std::sqrt(sum), 1e-6);
  }
}

}  // namespace
}  // namespace safelight::kernels
