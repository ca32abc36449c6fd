// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "ops/support/reduce_test_util.h"

namespace safelight {
namespace {

using namespace testing_ops;  // NOLINT(build/namespaces): the helpers of these tests

TEST(WhereTest, CoordinatesOfWhatIsNotZero) {
  const OneNode node("WHERE", {}, Inputs(MakeTensor<uint8_t>({2, 3}, {0, 1, 0, 1, 0, 1})), {});
  EXPECT_EQ(node.output().shape, (Shape{6, 2}));  // at most all of them
  Tensor flags = MakeTensor<uint8_t>({2, 3}, {0, 1, 0, 1, 0, 1});
  const ConstTensorView view = std::as_const(flags).view();
  const auto shapes = node.context().node().op->result_shapes(node.context(), {&view, 1});
  ASSERT_TRUE(shapes.ok());
  EXPECT_EQ((*shapes)[0], (Shape{3, 2}));
  const Tensor out = node.Expected();
  EXPECT_EQ(std::vector<int64_t>(out.data<int64_t>(), out.data<int64_t>() + 6),
            (std::vector<int64_t>{0, 1, 1, 0, 1, 2}));
}

TEST(WhereTest, OfAConstantTheSizeIsKnownBefore) {
  const OneNode node("WHERE", {}, Inputs(MakeTensor<uint8_t>({2, 3}, {0, 1, 0, 1, 0, 1})), {0});
  EXPECT_EQ(node.output().shape, (Shape{3, 2}));
  EXPECT_FALSE(HasDynamicShape(node.context().graph(), node.context().node()));
}

TEST(WhereTest, FloatsAndNothing) {
  const OneNode node("WHERE", {}, Inputs(MakeTensor<float>({4}, {0.0f, -0.0f, 0.5f, -2.0f})), {});
  EXPECT_EQ(node.Expected().data<int64_t>()[0], 2);
  EXPECT_EQ(node.Expected().data<int64_t>()[1], 3);
  EXPECT_EQ(OneNode("WHERE", {}, Inputs(RandomTensor({0, 2}, 1)), {}).Expected().shape(), (Shape{0, 2}));
}

}  // namespace
}  // namespace safelight
