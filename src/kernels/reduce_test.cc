// SPDX-License-Identifier: Apache-2.0
#include "kernels/reduce.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <random>
#include <vector>

#include "kernels/every_target_for_tests.h"

namespace safelight::kernels {
namespace {

std::vector<float> RandomFloats(size_t count, unsigned seed) {
  std::mt19937 random(seed);
  std::uniform_real_distribution<float> value(-1.0f, 1.0f);
  std::vector<float> x(count);
  for (float& v : x) v = value(random);
  return x;
}

constexpr int64_t kSizes[] = {1, 3, 7, 8, 9, 15, 16, 17, 31, 67, 200};

TEST(ReduceLanesTest, SumsHaveTheBitsOfScalarSumsInDouble) {
  for (int64_t lanes : kSizes) {
    for (int64_t turns : {1, 2, 5}) {
      SCOPED_TRACE(testing::Message() << lanes << " lanes, " << turns << " turns, seed 11");
      const int64_t stride = lanes + 3;
      const std::vector<float> x = RandomFloats(turns * stride, 11);
      std::vector<double> acc(lanes, 0.25), expected(lanes, 0.25);
      SumLanes(x.data(), turns, stride, lanes, acc.data());
      for (int64_t t = 0; t < turns; ++t) {
        for (int64_t j = 0; j < lanes; ++j) expected[j] += x[t * stride + j];
      }
      EXPECT_EQ(acc, expected);
    }
  }
}

TEST(ReduceLanesTest, MaximumAndMinimumPassOverWhatIsNotANumber) {
  for (int64_t lanes : kSizes) {
    SCOPED_TRACE(testing::Message() << lanes << " lanes");
    std::vector<float> x(2 * lanes, std::numeric_limits<float>::quiet_NaN());
    for (int64_t j = 0; j < lanes; ++j) x[lanes + j] = static_cast<float>(j) - 5.0f;
    std::vector<float> high(lanes, -1000.0f), low(lanes, 1000.0f);
    MaxLanes(x.data(), 2, lanes, lanes, high.data());
    MinLanes(x.data(), 2, lanes, lanes, low.data());
    for (int64_t j = 0; j < lanes; ++j) {
      EXPECT_EQ(high[j], static_cast<float>(j) - 5.0f);
      EXPECT_EQ(low[j], static_cast<float>(j) - 5.0f);
    }
  }
}

TEST(ReduceEachTest, EachGroupHasTheBitsOfItsLanesJoinedByHalves) {
  OnEveryTarget([] {
    for (int64_t count : kSizes) {
      SCOPED_TRACE(testing::Message() << count << " elements, seed 12");
      constexpr int64_t kGroups = 5;
      const std::vector<float> x = RandomFloats(kGroups * count, 12);
      std::vector<float> sums(kGroups * 2, -7.0f), highs(kGroups), lows(kGroups);
      SumEach(x.data(), kGroups, count, count, 3.0, sums.data(), 2);
      MaxEach(x.data(), kGroups, count, count, highs.data(), 1);
      MinEach(x.data(), kGroups, count, count, lows.data(), 1);
      for (int64_t g = 0; g < kGroups; ++g) {
        double lanes[kReduceLanes] = {};
        for (int64_t i = 0; i < count; ++i) lanes[i % kReduceLanes] += x[g * count + i];
        for (int64_t half = kReduceLanes / 2; half > 0; half /= 2) {
          for (int64_t i = 0; i < half; ++i) lanes[i] += lanes[i + half];
        }
        EXPECT_EQ(sums[2 * g], static_cast<float>(lanes[0] / 3.0));
        EXPECT_EQ(sums[2 * g + 1], -7.0f);
        EXPECT_EQ(highs[g], *std::max_element(&x[g * count], &x[g * count] + count));
        EXPECT_EQ(lows[g], *std::min_element(&x[g * count], &x[g * count] + count));
      }
    }
  });
}

TEST(ReduceEachTest, NothingSumsToZero) {
  float sum = 5.0f, high = 5.0f;
  SumEach(nullptr, 1, 0, 0, 1.0, &sum, 1);
  MaxEach(nullptr, 1, 0, 0, &high, 1);
  EXPECT_EQ(sum, 0.0f);
  EXPECT_EQ(high, std::numeric_limits<float>::lowest());
}

}  // namespace
}  // namespace safelight::kernels
