// SPDX-License-Identifier: Apache-2.0
#include "quantize/rounding.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

#include "quantize/moments.h"
#include "quantize/network_for_tests.h"
#include "quantize/weights.h"

namespace safelight {
namespace {

// Operands that move together, as neighbouring pixels do.
LayerMoments Correlated(size_t n, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<double> normal;
  LayerMoments layer{1, n, 0, std::vector<double>(n, 0), std::vector<double>(n * n, 0)};
  std::vector<double> x(n);
  for (; layer.count < 2000; ++layer.count) {
    const double common = 2 + normal(random);
    for (double& each : x) each = common + 0.3 * normal(random);
    for (size_t i = 0; i < n; ++i) {
      layer.sums[i] += x[i];
      for (size_t j = i; j < n; ++j) layer.products[i * n + j] += x[i] * x[j];
    }
  }
  return layer;
}

double ErrorOf(const std::vector<float>& weights, double scale, const std::vector<double>& moments,
               const std::vector<int8_t>& rounded) {
  const size_t n = weights.size();
  double error = 0;
  for (size_t i = 0; i < n; ++i) {
    for (size_t j = 0; j < n; ++j) {
      error += (rounded[i] * scale - static_cast<double>(weights[i])) * moments[i * n + j] *
               (rounded[j] * scale - static_cast<double>(weights[j]));
    }
  }
  return error;
}

TEST(AdaptRounding, TheResultsErrorFallsAndWeightsStayNeighbours) {
  std::mt19937 random(2);
  const double scale = 0.01;
  double before = 0, after = 0;
  for (unsigned seed = 0; seed < 10; ++seed) {
    const std::vector<double> moments = MomentsOfGroup(Correlated(36, seed), 0, false);
    std::vector<float> weights(36);
    for (float& w : weights) w = static_cast<float>(random() % 2541) / 1000 - 1.27f;
    std::vector<int8_t> nearest;
    for (const float w : weights)
      nearest.push_back(static_cast<int8_t>(std::clamp(std::round(w / 0.01f), -127.f, 127.f)));
    std::vector<int8_t> rounded = nearest;
    AdaptRounding(weights, scale, moments, rounded);
    before += ErrorOf(weights, scale, moments, nearest);
    after += ErrorOf(weights, scale, moments, rounded);
    for (size_t i = 0; i < weights.size(); ++i) {
      EXPECT_LE(std::abs(rounded[i] * scale - static_cast<double>(weights[i])), scale * 1.0001);
      EXPECT_LE(std::abs(rounded[i]), 127);
    }
  }
  EXPECT_LT(after, before / 5);
}

// Of few weights all ways to round can be tried.
TEST(AdaptRounding, IsNearTheBestOfAllWays) {
  constexpr size_t kWeights = 8;
  const std::vector<float> weights = {0.304f, 0.553f, -0.846f, 0.127f, 0.958f, -0.444f, 0.236f, 0.671f};
  const std::vector<double> moments = MomentsOfGroup(Correlated(kWeights, 5), 0, true);
  std::vector<int8_t> rounded, nearest;
  for (const float w : weights) rounded.push_back(static_cast<int8_t>(std::round(w / 0.01f)));
  nearest = rounded;
  AdaptRounding(weights, 0.01, moments, rounded);
  double best = 1e9;
  for (unsigned ways = 0; ways < 1u << kWeights; ++ways) {
    std::vector<int8_t> tried;
    for (size_t i = 0; i < kWeights; ++i) {
      tried.push_back(static_cast<int8_t>(std::floor(weights[i] / 0.01f) + static_cast<float>(ways >> i & 1)));
    }
    best = std::min(best, ErrorOf(weights, 0.01, moments, tried));
  }
  const double ours = ErrorOf(weights, 0.01, moments, rounded);
  EXPECT_LE(ours, ErrorOf(weights, 0.01, moments, nearest));
  EXPECT_LT(ours, 1.5 * best);
}

TEST(AdaptRounding, LeavesWhatNothingMoves) {
  const std::vector<float> weights = {0.104f, -0.057f};
  std::vector<int8_t> rounded = {10, -6};
  AdaptRounding(weights, 0.01, std::vector<double>(4, 0), rounded);
  EXPECT_EQ(rounded, (std::vector<int8_t>{10, -6}));
}

// The moments of a convolution predict what rounded weights do to its results: here they are computed directly.
TEST(Moments, AreThoseOfTheConvolutionsOwnSums) {
  FileNetworkForTests net;
  const int x = net.Input("x", {1, 9, 7, 3});
  net.main().outputs = FileList<int32_t>({net.Conv(x, "a", 3, 4, {1, 9, 7, 4})});
  FileNetwork network(&net.tree);
  Moments moments(network, ModelOf(net.tree).impl()->own_size);
  ASSERT_EQ(moments.values().size(), 1u);
  EXPECT_EQ(moments.OfNode(0), nullptr);
  Tensor value(DType::kFloat32, Shape{1, 9, 7, 3});
  std::mt19937 random(5);
  for (int64_t i = 0; i < value.shape().elements(); ++i) {
    value.data<float>()[i] = static_cast<float>(random() % 2001) / 1000 - 1;
  }
  moments.Add(0, value);
  const LayerMoments& seen = *moments.OfNode(0);
  ASSERT_EQ(seen.count, 63);
  ASSERT_EQ(seen.operands, 27u);
  // Mean and mean square of a channel without its bias: RunFloat sends the same numbers.
  const std::vector<float> out = RunFloat(net.tree), w = network.Floats(network.node(0).inputs[1]),
                           b = network.Floats(network.node(0).inputs[2]);
  for (size_t c = 0; c < 4; ++c) {
    double mean = 0, square = 0, expected_mean = 0, expected_square = 0;
    for (size_t p = 0; p < 63; ++p) {
      const double y = static_cast<double>(out[p * 4 + c] - b[c]);
      expected_mean += y;
      expected_square += y * y;
    }
    for (size_t i = 0; i < 27; ++i) {
      const auto wi = static_cast<double>(w[c * 27 + i]);
      mean += wi * seen.sums[i];
      square += wi * wi * seen.products[i * 27 + i];
      for (size_t j = i + 1; j < 27; ++j)
        square += 2 * wi * static_cast<double>(w[c * 27 + j]) * seen.products[i * 27 + j];
    }
    EXPECT_NEAR(mean, expected_mean, 1e-3);
    EXPECT_NEAR(square, expected_square, 1e-3);
  }
}

TEST(Moments, OfADepthwiseConvolutionWithStrideAndOfRows) {
  FileNetworkForTests net;
  const int x = net.Input("x", {1, 8, 8, 2});
  const int w = net.Random("w", {1, 3, 3, 4}), b = net.Random("b", {4});
  // VALID, stride 2, two results a channel.
  const int d = net.Node("DEPTHWISE_CONV_2D", {x, w, b}, net.Value("d", {1, 3, 3, 4}), 2,
                         {{0, 'b', 1}, {1, 'i', 2}, {2, 'i', 2}, {3, 'i', 2}, {5, 'i', 1}, {6, 'i', 1}});
  const int fw = net.Random("fw", {5, 12});
  net.main().outputs = FileList<int32_t>({net.Node("FULLY_CONNECTED", {d, fw, -1}, net.Value("f", {3, 5}), 8)});
  FileNetwork network(&net.tree);
  Moments moments(network, ModelOf(net.tree).impl()->own_size);
  ASSERT_EQ(moments.values().size(), 2u);
  Tensor value(DType::kFloat32, Shape{1, 8, 8, 2}), rows(DType::kFloat32, Shape{1, 3, 3, 4});
  for (int i = 0; i < 128; ++i) value.data<float>()[i] = static_cast<float>(i);
  for (int i = 0; i < 36; ++i) rows.data<float>()[i] = static_cast<float>(i);
  moments.Add(0, value);
  moments.Add(1, rows);
  const LayerMoments& windows = *moments.OfNode(0);
  EXPECT_EQ(windows.groups, 2u);
  EXPECT_EQ(windows.count, 9);
  // The windows' first pixels stand at rows and columns 0, 2 and 4: (32 + 4) / 2 times 2 in the mean.
  EXPECT_DOUBLE_EQ(windows.sums[0], 9 * (2 * 16 + 2 * 2));
  EXPECT_DOUBLE_EQ(windows.sums[9], 9 * (2 * 16 + 2 * 2 + 1));
  const LayerMoments& vectors = *moments.OfNode(1);
  EXPECT_EQ(vectors.operands, 12u);  // a row of three pixels
  EXPECT_EQ(vectors.count, 3);
  EXPECT_DOUBLE_EQ(vectors.sums[1], 1 + 13 + 25);
}

TEST(QuantizeWeights, AdaptiveRoundingMovesTheMeanErrorIntoTheBias) {
  const LayerMoments moments = Correlated(9, 3);
  std::mt19937 random(9);
  std::vector<float> weights(18), bias = {0.5f, -0.25f};
  for (float& w : weights) w = static_cast<float>(random() % 2001) / 1000 - 1;
  WeightsTask task;
  task.weights = weights;
  task.bias = bias;
  task.channels = 2;
  task.in_channels = 9;
  task.in_scale = 1e-4f;
  task.most_bias = int64_t{1} << 30;
  task.moments = &moments;
  const IntegerWeights made = QuantizeWeights(task);
  for (size_t c = 0; c < 2; ++c) {
    double off =
        static_cast<double>(made.bias[c]) * 1e-4 * static_cast<double>(made.scales[c]) - static_cast<double>(bias[c]);
    for (size_t i = 0; i < 9; ++i) {
      off += (made.weights[c * 9 + i] * static_cast<double>(made.scales[c]) - static_cast<double>(weights[c * 9 + i])) *
             moments.sums[i] / static_cast<double>(moments.count);
    }
    EXPECT_NEAR(off, 0, 1e-5);
  }
}

}  // namespace
}  // namespace safelight
