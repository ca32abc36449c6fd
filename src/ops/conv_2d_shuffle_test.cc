// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ops/support/shuffle.h"
#include "ops/support/spatial_test_util.h"

namespace safelight {
namespace {

using namespace testing_ops;  // NOLINT(build/namespaces): the helpers of these tests
using testing::HasSubstr;

struct Case {
  Shape data;
  int64_t channels;  // of the convolution
  int64_t block_h = 1, block_w = 1;
  bool borders = false, bias = true, valid = false;
  enum { kNothing, kFirst, kLast } tail = kNothing;
};

OneNode Shuffled(const Case& c, unsigned seed) {
  auto attrs = std::make_shared<ShuffleAttrs>();
  attrs->conv.padding = c.valid ? Padding::kValid : Padding::kSame;
  attrs->block_h = c.block_h;
  attrs->block_w = c.block_w;
  attrs->clamp = {-1.5f, 2.0f};
  attrs->tail_first = c.tail == Case::kFirst;
  const int64_t in = c.data[3];
  auto inputs = WindowInputs(c.data, {c.channels, 3, 3, in}, c.bias ? c.channels : 0, seed);
  inputs.push_back(c.borders ? std::make_unique<Tensor>(RandomTensor({9 * c.channels, 3, 3, in}, seed + 7)) : nullptr);
  if (c.borders) {
    // The inner set is that of input 1.
    std::copy_n(inputs[1]->data<float>(), c.channels * 9 * in, inputs[3]->data<float>() + 4 * c.channels * 9 * in);
  }
  if (c.tail != Case::kNothing) {
    attrs->tail.residual = 4;
    attrs->tail.slopes = 5;
    const int64_t less = c.valid ? 2 : 0, h = c.data[1] - less, w = c.data[2] - less;
    const Shape plain{c.data[0], h, w, c.channels};
    const Shape shuffled{c.data[0], h * c.block_h, w * c.block_w, c.channels / c.block_h / c.block_w};
    const Shape& residual = attrs->tail_first ? plain : shuffled;
    inputs.push_back(std::make_unique<Tensor>(RandomTensor(residual, seed + 8)));
    inputs.push_back(std::make_unique<Tensor>(RandomTensor({residual[3]}, seed + 9)));
  }
  return OneNode("CONV_2D_SHUFFLE", std::move(inputs), {1, 2, 3, 5}, attrs);
}

TEST(Conv2dShuffleTest, KernelMatchesTheReferenceOnEveryTargetAndKeepsItsBitsInStrips) {
  const Case cases[] = {
      {{1, 9, 60, 16}, 12, 2, 2, true},
      {{1, 7, 11, 16}, 12, 2, 2, true, true, false, Case::kLast},
      {{2, 5, 2, 8}, 27, 3, 3, true, false},
      {{1, 2, 9, 3}, 32, 4, 2, true},
      {{1, 10, 21, 16}, 27, 3, 3, false, true, false, Case::kFirst},
      {{1, 10, 13, 32}, 9, 3, 3, false, true, true},
      {{1, 6, 70, 20}, 48, 1, 4, false, false, true, Case::kLast},
      {{1, 3, 4, 12}, 64, 1, 1, true, true, false, Case::kLast},
  };
  unsigned seed = 900;
  for (const Case& c : cases) {
    SCOPED_TRACE(testing::Message() << c.data.ToString() << " seed " << ++seed);
    const OneNode node = Shuffled(c, seed);
    ASSERT_TRUE(node.status().ok()) << node.status().message();
    ForEachTarget([&] {
      ExpectReference(node, 9 * c.data[3]);
      const Tensor whole = node.Whole();
      constexpr std::pair<int64_t, int64_t> kStrips[] = {{3, 5}, {1, 1000}, {8, 1}};
      for (const auto& [rows, columns] : kStrips) {
        EXPECT_TRUE(SameBits(node.Strips(1, rows, 2, columns), whole)) << "strips of " << rows << " by " << columns;
      }
    });
  }
}

TEST(Conv2dShuffleTest, RulesSpeakOfWholeTilesOfTheConvolution) {
  const OneNode node = Shuffled({{1, 40, 40, 4}, 8, 2, 2}, 1);
  const std::vector<AxisRule> rules = node.context().node().op->axes(node.context(), 1);
  EXPECT_EQ(rules[0].Need({9, 10}), (Range{3, 9}));
  EXPECT_EQ(rules[0].Need({0, 16}), (Range{0, 9}));
  EXPECT_EQ(rules[0].Need({72, 80}), (Range{35, 40}));
  EXPECT_EQ(rules[0].LowestNeed(15), 3);
}

TEST(Conv2dShuffleTest, WhatDoesNotFitIsRefusedBySentences) {
  EXPECT_THAT(Refusal(Shuffled({{1, 8, 8, 4}, 7, 2, 2}, 1)), HasSubstr("7 channels do not divide into 2 by 2"));
  EXPECT_THAT(Refusal(Shuffled({{1, 8, 8, 4}, 8, 2, 2, true, true, true}, 1)), HasSubstr("keep their size"));
  EXPECT_THAT(Refusal(Shuffled({{1, 1, 8, 4}, 8, 2, 2, true}, 1)), HasSubstr("keep their size"));
}

}  // namespace
}  // namespace safelight
