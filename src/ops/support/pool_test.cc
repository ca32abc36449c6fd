// SPDX-License-Identifier: Apache-2.0
#include "ops/support/pool.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ops/support/spatial_test_util.h"

namespace safelight {
namespace {

using namespace testing_ops;  // NOLINT(build/namespaces): the helpers of these tests
using testing::ElementsAre;
using testing::HasSubstr;

constexpr int kPadding = 0, kStrideW = 1, kStrideH = 2, kFilterW = 3, kFilterH = 4, kActivation = 5;  // slots
constexpr int kSame = 0, kValid = 1, kRelu6 = 3;

OneNode Pool(const char* op, Tensor data, std::map<int, double> attrs) {
  return OneNode(op, std::move(attrs), Inputs(std::move(data)), {});
}

TEST(PoolTest, AverageDividesByTheTapsInsideThePicture) {
  const std::map<int, double> attrs{{kPadding, kSame}, {kStrideW, 1}, {kStrideH, 1}, {kFilterW, 2}, {kFilterH, 2}};
  const OneNode node = Pool("AVERAGE_POOL_2D", MakeTensor<float>({1, 2, 2, 1}, {1, 2, 3, 6}), attrs);
  EXPECT_THAT(Floats(node.Whole()), ElementsAre(3, 4, 4.5, 6));
  EXPECT_THAT(Floats(node.Expected()), ElementsAre(3, 4, 4.5, 6));
}

TEST(PoolTest, MaximumIgnoresPaddingAndTheActivationComesLast) {
  const std::map<int, double> attrs{{kPadding, kSame}, {kStrideW, 2}, {kStrideH, 2},
                                    {kFilterW, 3},     {kFilterH, 3}, {kActivation, kRelu6}};
  const OneNode node = Pool("MAX_POOL_2D", MakeTensor<float>({1, 1, 5, 1}, {-3, -2, 5, 9, -1}), attrs);
  EXPECT_THAT(Floats(node.Whole()), ElementsAre(0, 6, 6));
  EXPECT_THAT(Floats(node.Expected()), ElementsAre(0, 6, 6));
}

TEST(PoolTest, KernelsHaveTheBitsOfPlainLoopsOnEveryTargetWholeAndInStrips) {
  Dice dice(404);
  for (int i = 0; i < 40;) {
    const Shape data{dice.Of({1, 1, 2}), dice.Size(), dice.Size(), dice.Channels()};
    if (data.elements() > 6000) continue;
    ++i;
    const std::map<int, double> attrs{{kPadding, data[1] >= 7 && data[2] >= 7 ? dice.Of({kSame, kValid}) : kSame},
                                      {kStrideW, dice.Of({1, 2, 3})},
                                      {kStrideH, dice.Of({1, 2, 3})},
                                      {kFilterW, dice.Of({1, 2, 3, 7})},
                                      {kFilterH, dice.Of({1, 2, 3, 7})},
                                      {kActivation, dice.Of({0, 1, 2, 3})}};
    const unsigned seed = dice.Seed();
    for (const char* op : {"AVERAGE_POOL_2D", "MAX_POOL_2D"}) {
      SCOPED_TRACE(testing::Message() << op << " " << data.ToString() << " seed 404/" << seed << " attrs "
                                      << testing::PrintToString(attrs));
      const OneNode node = Pool(op, RandomTensor(data, seed), attrs);
      ASSERT_TRUE(node.status().ok()) << node.status().message();
      ForEachTarget([&] {
        EXPECT_TRUE(SameBits(node.Whole(), node.Expected()));
        ExpectSameBitsInStrips(node);
      });
    }
  }
}

TEST(PoolTest, HostileOptionsAreRefusedBySentences) {
  const auto with = [](int slot, double value) {
    std::map<int, double> attrs{{kPadding, kValid}, {kStrideW, 1}, {kStrideH, 1}, {kFilterW, 2}, {kFilterH, 2}};
    attrs[slot] = value;
    return Refusal(Pool("MAX_POOL_2D", RandomTensor({1, 4, 4, 3}, 1), attrs));
  };
  EXPECT_THAT(with(kStrideW, 0), HasSubstr("stride_w 0"));
  EXPECT_THAT(with(kFilterW, 0), HasSubstr("filter_width 0"));
  EXPECT_THAT(with(kFilterH, -5), HasSubstr("filter_height -5"));
  EXPECT_THAT(with(kFilterH, 5), HasSubstr("height: a filter of extent 5 does not fit"));
  EXPECT_THAT(with(kActivation, 77), HasSubstr("activation 77"));
}

}  // namespace
}  // namespace safelight
