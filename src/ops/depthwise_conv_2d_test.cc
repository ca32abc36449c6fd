// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ops/support/spatial_test_util.h"

namespace safelight {
namespace {

using namespace testing_ops;  // NOLINT(build/namespaces): the helpers of these tests
using testing::ElementsAre;
using testing::HasSubstr;

constexpr int kPadding = 0, kStrideW = 1, kStrideH = 2, kMultiplier = 3, kActivation = 4, kDilationW = 5,
              kDilationH = 6;  // slots
constexpr int kSame = 0, kValid = 1;

TEST(DepthwiseConv2dTest, EveryChannelHasItsOwnFiltersAndEachInputMakesNeighbouringOutputs) {
  const OneNode node("DEPTHWISE_CONV_2D", {{kPadding, kValid}, {kStrideW, 1}, {kStrideH, 1}, {kMultiplier, 2}},
                     Inputs(MakeTensor<float>({1, 1, 2, 2}, {1, 2, 3, 4}),
                            MakeTensor<float>({1, 1, 2, 4}, {1, 10, 1, 10, 100, 1000, 100, 1000}),
                            MakeTensor<float>({4}, {0, 0, 0, 0.5})),
                     {1, 2});
  EXPECT_THAT(Floats(node.Whole()), ElementsAre(301, 3010, 402, 4020.5));
}

TEST(DepthwiseConv2dTest, KernelMatchesTheReferenceOnEveryTargetAndKeepsItsBitsInStrips) {
  Dice dice(402);
  for (int i = 0; i < 60;) {
    const int64_t channels = dice.Channels(), multiplier = dice.Of({1, 1, 1, 2, 3});
    const Shape data{dice.Of({1, 1, 2}), dice.Size(), dice.Size(), channels};
    const Shape weights{1, dice.Of({1, 2, 3, 5}), dice.Of({1, 2, 3, 5}), channels * multiplier};
    const int64_t bias = dice.Coin() ? weights[3] : 0;
    const bool constant = dice.Coin();
    const std::map<int, double> attrs{{kPadding, data[1] > 9 && data[2] > 9 ? dice.Of({kSame, kValid}) : kSame},
                                      {kStrideW, dice.Of({1, 1, 2, 3})},
                                      {kStrideH, dice.Of({1, 1, 2, 3})},
                                      {kMultiplier, multiplier},
                                      {kActivation, dice.Of({0, 1, 2, 3})},
                                      {kDilationW, dice.Of({1, 1, 2})},
                                      {kDilationH, dice.Of({1, 1, 2})}};
    if (data.elements() > 20000) continue;
    ++i;
    const unsigned seed = dice.Seed();
    SCOPED_TRACE(testing::Message() << data.ToString() << " * " << weights.ToString() << " seed 402/" << seed
                                    << " attrs " << testing::PrintToString(attrs));
    const OneNode node("DEPTHWISE_CONV_2D", attrs, WindowInputs(data, weights, bias, seed),
                       constant ? std::vector<int>{1, 2} : std::vector<int>{});
    ASSERT_TRUE(node.status().ok()) << node.status().message();
    ForEachTarget([&] {
      ExpectReference(node, weights[1] * weights[2]);
      if (data.elements() < 6000) ExpectSameBitsInStrips(node);
    });
  }
}

TEST(DepthwiseConv2dTest, HostileShapesAreRefusedBySentences) {
  const auto shaped = [](const Shape& data, const Shape& weights, int64_t bias, double stride) {
    return Refusal(OneNode("DEPTHWISE_CONV_2D", {{kStrideW, stride}, {kStrideH, 1}},
                           WindowInputs(data, weights, bias, 5), {1, 2}));
  };
  EXPECT_THAT(shaped({1, 8, 8, 4}, {1, 3, 3, 4}, 4, 0), HasSubstr("stride_w 0"));
  EXPECT_THAT(shaped({1, 8, 8, 4}, {1, 3, 3, 6}, 6, 1), HasSubstr("multiple of the input's 4 channels"));
  EXPECT_THAT(shaped({1, 8, 8, 4}, {2, 3, 3, 4}, 4, 1), HasSubstr("must be 1 h w"));
  EXPECT_THAT(shaped({1, 8, 8, 4}, {1, 3, 3, 4}, 3, 1), HasSubstr("bias"));
  EXPECT_THAT(shaped({1, 8, 8, 4}, {1, 3, 0, 4}, 4, 1), HasSubstr("filter size 0"));
  EXPECT_THAT(shaped({1, 8, 8, 0}, {1, 3, 3, 0}, 0, 1), HasSubstr("must be 1 h w"));
}

}  // namespace
}  // namespace safelight
