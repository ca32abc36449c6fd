// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "ops/support/reduce_test_util.h"

namespace safelight {
namespace {

using namespace testing_ops;  // NOLINT(build/namespaces): the helpers of these tests

TEST(ShapeTest, SizesAsTheOptionsAsk) {
  const Tensor small = OneNode("SHAPE", {{0, 2}}, Inputs(RandomTensor({2, 5, 0}, 1)), {}).Expected();
  EXPECT_EQ(std::vector<int>(small.data<int32_t>(), small.data<int32_t>() + 3), (std::vector<int>{2, 5, 0}));
  const Tensor wide = OneNode("SHAPE", {{0, 4}}, Inputs(RandomTensor({2, 5}, 1)), {}).Expected();
  EXPECT_EQ(wide.data<int64_t>()[1], 5);
  EXPECT_EQ(OneNode("SHAPE", {{0, 2}}, Inputs(RandomTensor({}, 1)), {}).output().shape, (Shape{0}));
  EXPECT_FALSE(OneNode("SHAPE", {{0, 9}}, Inputs(RandomTensor({2}, 1)), {}).status().ok());
}

TEST(RankTest, CountsAxes) {
  EXPECT_EQ(OneNode("RANK", {}, Inputs(RandomTensor({2, 5, 1}, 1)), {}).Expected().data<int32_t>()[0], 3);
  EXPECT_EQ(OneNode("RANK", {}, Inputs(RandomTensor({}, 1)), {}).Expected().data<int32_t>()[0], 0);
}

TEST(ZerosLikeTest, KeepsShapeAndType) {
  const OneNode node("ZEROS_LIKE", {}, Inputs(MakeTensor<int64_t>({2}, {3, 4})), {});
  const Tensor out = node.Expected();
  EXPECT_EQ(out.dtype(), DType::kInt64);
  EXPECT_EQ(out.data<int64_t>()[0], 0);
  EXPECT_EQ(out.data<int64_t>()[1], 0);
}

TEST(FillTest, EveryElementIsTheValue) {
  const OneNode node("FILL", {}, Inputs(MakeTensor<int64_t>({2}, {2, 3}), MakeTensor<float>({}, {1.5f})), {0});
  const Tensor out = node.Expected();
  EXPECT_EQ(out.shape(), (Shape{2, 3}));
  for (int i = 0; i < 6; ++i) EXPECT_EQ(out.data<float>()[i], 1.5f);
}

TEST(FillTest, ImpossibleShapesAreRefused) {
  const auto fill = [](std::vector<int32_t> dims) {
    const Shape shape{static_cast<int64_t>(dims.size())};
    return OneNode("FILL", {}, Inputs(MakeTensor<int32_t>(shape, dims), MakeTensor<float>({}, {1.5f})), {0}).status();
  };
  EXPECT_EQ(fill({2, -1}).message(), "size -1 in the shape, must be at least 0");
  EXPECT_EQ(fill({1, 1, 1, 1, 1, 1, 1, 1, 1}).code(), StatusCode::kUnsupported);
}

}  // namespace
}  // namespace safelight
