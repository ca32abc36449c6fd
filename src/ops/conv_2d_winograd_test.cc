// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ops/support/spatial_test_util.h"

namespace safelight {
namespace {

using namespace testing_ops;  // NOLINT(build/namespaces): the helpers of these tests
using testing::HasSubstr;

constexpr int kPadding = 0, kStrideW = 1, kStrideH = 2, kActivation = 3, kDilationW = 4;  // slots
constexpr int kValid = 1;

struct WinogradCase {
  Shape data;
  int64_t out;
  int64_t bias;
  std::map<int, double> attrs;
  int64_t taps = 3;
};

OneNode Winograd(const WinogradCase& c, unsigned seed) {
  std::map<int, double> attrs = c.attrs;
  attrs.emplace(kStrideW, 1);
  attrs.emplace(kStrideH, 1);
  return OneNode("CONV_2D_WINOGRAD", attrs, WindowInputs(c.data, {c.out, c.taps, c.taps, c.data[3]}, c.bias, seed),
                 {1, 2});
}

// Rows always run along h: choose_winograd sees to it.
void ExpectSameBitsInStripsOfH(const OneNode& node) {
  const Tensor whole = node.Whole();
  for (int64_t rows : {1, 3, 4}) {
    EXPECT_TRUE(SameBits(node.Strips(1, rows, -1, 1), whole)) << "strips of " << rows;
    for (int64_t columns : {1, 5}) {
      EXPECT_TRUE(SameBits(node.Strips(1, rows, 2, columns), whole)) << "strips of " << rows << " by " << columns;
    }
  }
}

TEST(Conv2dWinogradTest, KernelMatchesDirectProductsOnEveryTargetAndKeepsItsBitsInStrips) {
  Dice dice(801);
  for (int i = 0; i < 25; ++i) {
    const int64_t out = dice.Channels();
    WinogradCase c{{dice.Of({1, 1, 2}), dice.Size(), dice.Size(), dice.Channels()}, out, dice.Coin() ? out : 0, {}};
    c.attrs[kActivation] = static_cast<double>(dice.Of({0, 1, 3}));
    c.taps = dice.Of({3, 3, 5});
    if (c.data[1] >= c.taps && c.data[2] >= c.taps) c.attrs[kPadding] = static_cast<double>(dice.Of({0, kValid}));
    const unsigned seed = dice.Seed();
    SCOPED_TRACE(testing::Message() << c.data.ToString() << " to " << out << " taps " << c.taps << " seed 801/" << seed
                                    << " attrs " << testing::PrintToString(c.attrs));
    if (c.data.elements() * out > 400000) continue;
    const OneNode node = Winograd(c, seed);
    ASSERT_TRUE(node.status().ok()) << node.status().message();
    ForEachTarget([&] {
      ExpectReference(node, c.taps * c.taps * c.data[3]);
      if (c.data.elements() < 6000) ExpectSameBitsInStripsOfH(node);
    });
  }
}

TEST(Conv2dWinogradTest, RulesSpeakOfWholeTiles) {
  const OneNode node = Winograd({{1, 40, 40, 4}, 4, 0, {}}, 1);
  const std::vector<AxisRule> rules = node.context().node().op->axes(node.context(), 1);
  EXPECT_EQ(rules[0].Need({5, 6}), (Range{3, 9}));
  EXPECT_EQ(rules[0].Need({0, 4}), (Range{0, 5}));
  EXPECT_EQ(rules[0].Need({36, 40}), (Range{35, 40}));
  EXPECT_EQ(rules[0].LowestNeed(7), 3);
  const OneNode larger = Winograd({{1, 40, 40, 4}, 4, 0, {}, 5}, 1);
  const AxisRule rule = larger.context().node().op->axes(larger.context(), 1)[0];
  EXPECT_EQ(rule.Need({5, 6}), (Range{2, 8}));
  EXPECT_EQ(rule.Need({0, 2}), (Range{0, 4}));
}

TEST(Conv2dWinogradTest, OtherFiltersAndStridesAreRefused) {
  EXPECT_THAT(Refusal(Winograd({{1, 8, 8, 4}, 4, 0, {{kStrideW, 2}}}, 1)), HasSubstr("stride 1"));
  EXPECT_THAT(Refusal(Winograd({{1, 8, 8, 4}, 4, 0, {{kDilationW, 2}}}, 1)), HasSubstr("stride 1"));
  EXPECT_THAT(Refusal(Winograd({{1, 8, 8, 4}, 4, 0, {}, 7}, 1)), HasSubstr("3x3"));
  EXPECT_THAT(Refusal(Winograd({{1, 8, 8, 4}, 4, 0, {}, 1}, 1)), HasSubstr("3x3"));
}

}  // namespace
}  // namespace safelight
