// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "ops/support/reduce_test_util.h"

namespace safelight {
namespace {

using namespace testing_ops;  // NOLINT(build/namespaces): the helpers of these tests

TEST(TopkV2Test, FallingOrderAndTheFirstOfEqualsFirst) {
  const OneNode node("TOPK_V2", {},
                     Inputs(MakeTensor<float>({2, 4}, {1, 7, 3, 7, -1, -2, -3, -1}), MakeTensor<int32_t>({}, {3})),
                     {1});
  ASSERT_EQ(node.output(0).shape, (Shape{2, 3}));
  const std::vector<Tensor> out = node.Reference();
  EXPECT_EQ(std::vector<float>(out[0].data<float>(), out[0].data<float>() + 6),
            (std::vector<float>{7, 7, 3, -1, -1, -2}));
  EXPECT_EQ(std::vector<int>(out[1].data<int32_t>(), out[1].data<int32_t>() + 6), (std::vector<int>{1, 3, 2, 0, 3, 1}));
}

TEST(TopkV2Test, AComputedKIsBoundedByTheAxisAndKnownWithTheInputs) {
  Tensor x = MakeTensor<float>({1, 4}, {1, 7, 3, 7});
  Tensor k = MakeTensor<int32_t>({}, {2});
  const std::vector<ConstTensorView> views = {std::as_const(x).view(), std::as_const(k).view()};
  const OneNode node("TOPK_V2", {}, Inputs(MakeTensor<float>({1, 4}, {1, 7, 3, 7}), MakeTensor<int32_t>({}, {2})), {});
  EXPECT_EQ(node.output(0).shape, (Shape{1, 4}));
  const auto shapes = node.context().node().op->result_shapes(node.context(), views);
  ASSERT_TRUE(shapes.ok());
  EXPECT_EQ((*shapes)[0], (Shape{1, 2}));
  EXPECT_EQ((*shapes)[1], (Shape{1, 2}));
  EXPECT_EQ(node.Reference()[1].data<int32_t>()[1], 3);
}

TEST(TopkV2Test, KBeyondTheAxisIsRefused) {
  const OneNode node("TOPK_V2", {}, Inputs(RandomTensor({1, 4}, 1), MakeTensor<int32_t>({}, {5})), {1});
  EXPECT_EQ(node.status().message(), "k 5, must be 0 to 4, the size of the last axis");
}

}  // namespace
}  // namespace safelight
