// SPDX-License-Identifier: Apache-2.0
#include "quantize/weights.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

#include "quantize/integer_ops.h"

namespace safelight {
namespace {

TEST(WeightsTest, EachChannelHasItsScale) {
  const std::vector<float> weights = {1, -0.5f, 0.25f, 100, -50, 25};
  const IntegerWeights outer = QuantizeWeights({.weights = weights, .channels = 2, .most_bias = 1 << 30});
  EXPECT_EQ(outer.weights, (std::vector<int8_t>{127, -64, 32, 127, -64, 32}));
  EXPECT_FLOAT_EQ(outer.scales[1], 100.0f / 127);
  const IntegerWeights inner =
      QuantizeWeights({.weights = weights, .channels = 3, .innermost = true, .most_bias = 1 << 30});
  EXPECT_EQ(inner.weights, (std::vector<int8_t>{1, -1, 1, 127, -127, 127}));
}

TEST(WeightsTest, ADeadChannelGetsAScaleThatIsNoZero) {
  const std::vector<float> weights = {0, 0, 2, 1}, bias = {3, 4};
  const IntegerWeights made = QuantizeWeights(
      {.weights = weights, .bias = bias, .channels = 2, .in_channels = 2, .in_scale = 0.1f, .most_bias = 1 << 30});
  EXPECT_GT(made.scales[0], 0);
  EXPECT_NEAR(static_cast<double>(made.bias[0]) * 0.1 * static_cast<double>(made.scales[0]), 3, 0.01);
  const std::vector<float> zeros(4, 0.0f);
  EXPECT_GT(QuantizeWeights({.weights = zeros, .channels = 2, .most_bias = 1}).scales[1], 0);
}

TEST(WeightsTest, ABiasThatWouldNotFitMakesWeightsCoarser) {
  const std::vector<float> weights = {1e-12f, 1}, bias = {1000, 1000};
  constexpr int64_t kMost = 1 << 30;
  const IntegerWeights made = QuantizeWeights(
      {.weights = weights, .bias = bias, .channels = 2, .in_channels = 1, .in_scale = 0.01f, .most_bias = kMost});
  for (size_t c = 0; c < 2; ++c) {
    EXPECT_LE(std::abs(made.bias[c]), kMost);
    EXPECT_NEAR(static_cast<double>(made.bias[c]) * 0.01 * static_cast<double>(made.scales[c]), 1000, 0.1) << c;
  }
}

TEST(WeightsTest, BiasesMakeUpForTheMeanErrorOfRounding) {
  const std::vector<float> weights = {1, 0.3f, 0.004f, -0.7f}, bias = {0};
  const std::vector<double> means = {2, 1, 5, 3};
  const WeightsTask plain{
      .weights = weights, .bias = bias, .channels = 1, .in_channels = 4, .in_scale = 1e-4f, .most_bias = 1 << 30};
  WeightsTask corrected = plain;
  corrected.means = means;
  const auto mean_result = [&](const IntegerWeights& made) {
    const double scale = static_cast<double>(made.scales[0]);
    double sum = static_cast<double>(made.bias[0]) * 1e-4 * scale;
    for (size_t i = 0; i < 4; ++i) sum += made.weights[i] * scale * means[i];
    return sum;
  };
  const double truth = 2 + 0.3 + 0.02 - 2.1;
  EXPECT_GT(std::abs(mean_result(QuantizeWeights(plain)) - truth), 1e-3);
  EXPECT_NEAR(mean_result(QuantizeWeights(corrected)), truth, 1e-5);
}

TEST(WeightsTest, GroupsReadTheirOwnMeans) {
  // Two groups of one input channel each.
  const std::vector<float> weights = {1, 0.501f, 1, 0.501f}, bias = {0, 0};
  const std::vector<double> means = {0, 100};
  const IntegerWeights made = QuantizeWeights({.weights = weights,
                                               .bias = bias,
                                               .channels = 2,
                                               .in_channels = 1,
                                               .in_scale = 1e-4f,
                                               .most_bias = 1 << 30,
                                               .means = means});
  EXPECT_EQ(made.bias[0], 0);
  EXPECT_NE(made.bias[1], 0);
}

TEST(IntegerOpsTest, ScalesHoldTheRangeAndItsZero) {
  const ScaleChoice pixels = ScaleForRange(0, 1, false);
  EXPECT_EQ(pixels, (ScaleChoice{1.0f / 255, -128}));
  const ScaleChoice mixed = ScaleForRange(-1, 3, false);
  EXPECT_EQ(mixed.zero_point, -64);
  EXPECT_EQ(ScaleForRange(-1, 3, true), (ScaleChoice{3.0f / 32767, 0}));
  EXPECT_EQ(ScaleForRange(0, 0, false), pixels) << "of a value that was always zero";
  EXPECT_EQ(ScaleForRange(-2, 0, false).zero_point, 127);
}

}  // namespace
}  // namespace safelight
