// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "ops/support/reduce_test_util.h"

namespace safelight {
namespace {

using namespace testing_ops;  // NOLINT(build/namespaces): the helpers of these tests

TEST(SegmentSumTest, SlicesOfOneNumberAddUp) {
  const OneNode node("SEGMENT_SUM", {},
                     Inputs(MakeTensor<float>({3, 2}, {1, 2, 10, 20, 100, 200}), MakeTensor<int32_t>({3}, {0, 0, 1})),
                     {1});
  ASSERT_EQ(node.output().shape, (Shape{2, 2}));
  const Tensor out = node.Expected();
  EXPECT_EQ(std::vector<float>(out.data<float>(), out.data<float>() + 4), (std::vector<float>{11, 22, 100, 200}));
}

TEST(SegmentSumTest, ComputedIdsAreBoundedByTheData) {
  const OneNode node("SEGMENT_SUM", {}, Inputs(RandomTensor({3, 2}, 1), MakeTensor<int32_t>({3}, {0, 1, 2})), {});
  EXPECT_EQ(node.output().shape, (Shape{3, 2}));
}

TEST(SegmentSumTest, IdsThatSkipOrFallAreRefused) {
  for (const std::vector<int32_t>& ids : {std::vector<int32_t>{0, 2, 3}, {1, 1, 2}, {0, 1, 0}, {-1, 0, 1}}) {
    const OneNode node("SEGMENT_SUM", {}, Inputs(RandomTensor({3, 2}, 1), MakeTensor<int32_t>({3}, ids)), {1});
    EXPECT_EQ(node.status().code(), StatusCode::kInvalidArgument) << ids[0] << ids[1] << ids[2];
  }
  EXPECT_FALSE(
      OneNode("SEGMENT_SUM", {}, Inputs(RandomTensor({3, 2}, 1), MakeTensor<int32_t>({2}, {0, 1})), {1}).status().ok());
}

}  // namespace
}  // namespace safelight
