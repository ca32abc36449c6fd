// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "ops/support/reduce_test_util.h"

namespace safelight {
namespace {

using namespace testing_ops;  // NOLINT(build/namespaces): the helpers of these tests

constexpr int kAdjX = 0, kAdjY = 1;  // option slots

OneNode Product(Tensor lhs, Tensor rhs, bool adj_x = false, bool adj_y = false) {
  return OneNode("BATCH_MATMUL", {{kAdjX, adj_x}, {kAdjY, adj_y}}, Inputs(std::move(lhs), std::move(rhs)), {});
}

TEST(BatchMatmulTest, HandComputedInAllFourLayouts) {
  // [1 2; 3 4] [5 6; 7 8] = [19 22; 43 50]
  const std::vector<float> a = {1, 2, 3, 4}, a_t = {1, 3, 2, 4}, b = {5, 6, 7, 8}, b_t = {5, 7, 6, 8};
  for (bool adj_x : {false, true}) {
    for (bool adj_y : {false, true}) {
      const OneNode node =
          Product(MakeTensor<float>({2, 2}, adj_x ? a_t : a), MakeTensor<float>({2, 2}, adj_y ? b_t : b), adj_x, adj_y);
      const Tensor out = node.Whole();
      EXPECT_EQ(std::vector<float>(out.data<float>(), out.data<float>() + 4), (std::vector<float>{19, 22, 43, 50}));
      EXPECT_TRUE(SameBits(out, node.Expected()));
    }
  }
}

TEST(BatchMatmulTest, BroadcastsLeadingAxesAndKeepsItsBitsInStrips) {
  const struct {
    Shape lhs, rhs;
    bool adj_x, adj_y;
    Shape output;
  } kCases[] = {
      {{7, 9}, {9, 31}, false, false, {7, 31}},
      {{9, 7}, {31, 9}, true, true, {7, 31}},
      {{2, 3, 8, 9}, {3, 9, 7}, false, false, {2, 3, 8, 7}},
      {{1, 8, 9}, {3, 9, 17}, false, false, {3, 8, 17}},
      {{2, 1, 67, 8}, {1, 3, 8, 1}, false, false, {2, 3, 67, 1}},
      {{4, 10, 16}, {2, 4, 67, 16}, false, true, {2, 4, 10, 67}},
      {{2, 600, 7}, {2, 600, 9}, true, false, {2, 7, 9}},
  };
  for (const auto& c : kCases) {
    SCOPED_TRACE(testing::Message() << c.lhs.ToString() << " by " << c.rhs.ToString() << " seeds 81, 82");
    const OneNode node = Product(RandomTensor(c.lhs, 81), RandomTensor(c.rhs, 82), c.adj_x, c.adj_y);
    ASSERT_TRUE(node.status().ok()) << node.status().message();
    EXPECT_EQ(node.output().shape, c.output);
    const Tensor whole = node.Whole(), expected = node.Expected();
    for (int64_t i = 0; i < whole.shape().elements(); ++i) {
      ASSERT_NEAR(whole.data<float>()[i], expected.data<float>()[i], 5e-4) << "element " << i;
    }
    ExpectSameBitsInStrips(node);
  }
}

TEST(BatchMatmulTest, EmptyInnerSizeGivesZeros) {
  const Tensor out = Product(RandomTensor({2, 0}, 1), RandomTensor({0, 3}, 1)).Whole();
  for (int i = 0; i < 6; ++i) EXPECT_EQ(out.data<float>()[i], 0.0f);
  EXPECT_EQ(Product(RandomTensor({0, 2}, 1), RandomTensor({2, 3}, 1)).Whole().shape(), (Shape{0, 3}));
}

TEST(BatchMatmulTest, WhatDoesNotFitIsRefused) {
  EXPECT_EQ(Product(RandomTensor({2, 3}, 1), RandomTensor({4, 5}, 1)).status().message(),
            "inputs of shapes 2x3 and 4x5 share no inner size: 3 and 4");
  EXPECT_FALSE(Product(RandomTensor({3}, 1), RandomTensor({3, 5}, 1)).status().ok());
  EXPECT_FALSE(Product(RandomTensor({2, 4, 3}, 1), RandomTensor({3, 3, 5}, 1)).status().ok());
}

}  // namespace
}  // namespace safelight
