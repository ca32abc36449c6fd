// SPDX-License-Identifier: Apache-2.0
#include "ops/support/indices.h"

#include <gtest/gtest.h>

#include "ops/support/reduce_test_util.h"

namespace safelight {
namespace {

using namespace testing_ops;  // NOLINT(build/namespaces): the helpers of these tests

TEST(GatherNdTest, SlicesAndElements) {
  const OneNode slices("GATHER_ND", {},
                       Inputs(MakeTensor<float>({2, 2}, {1, 2, 3, 4}), MakeTensor<int32_t>({3, 1}, {1, 0, 1})), {});
  ASSERT_EQ(slices.output().shape, (Shape{3, 2}));
  const Tensor rows = slices.Expected();
  EXPECT_EQ(std::vector<float>(rows.data<float>(), rows.data<float>() + 6), (std::vector<float>{3, 4, 1, 2, 3, 4}));
  const OneNode elements(
      "GATHER_ND", {}, Inputs(MakeTensor<float>({2, 2}, {1, 2, 3, 4}), MakeTensor<int64_t>({2, 2}, {0, 1, 1, 0})), {});
  EXPECT_EQ(elements.Expected().data<float>()[0], 2.0f);
  EXPECT_EQ(elements.Expected().data<float>()[1], 3.0f);
}

TEST(ScatterNdTest, SlicesOfOnePlaceAddUp) {
  const OneNode node("SCATTER_ND", {},
                     Inputs(MakeTensor<int32_t>({3, 1}, {2, 0, 2}), MakeTensor<float>({3, 2}, {1, 2, 3, 4, 10, 20}),
                            MakeTensor<int32_t>({2}, {3, 2})),
                     {2});
  const Tensor out = node.Expected();
  EXPECT_EQ(std::vector<float>(out.data<float>(), out.data<float>() + 6), (std::vector<float>{3, 4, 0, 0, 11, 22}));
}

TEST(IndicesTest, PlacesOutsideAreErrorsOfTheRun) {
  for (int32_t index : {-1, 2}) {
    Tensor params = MakeTensor<float>({2, 2}, {1, 2, 3, 4});
    Tensor indices = MakeTensor<int32_t>({1, 1}, {index});
    Tensor out(DType::kFloat32, {1, 2});
    const OneNode node("GATHER_ND", {}, Inputs(RandomTensor({2, 2}, 1), MakeTensor<int32_t>({1, 1}, {index})), {});
    ASSERT_TRUE(node.status().ok());
    const std::vector<ConstTensorView> inputs = {std::as_const(params).view(), std::as_const(indices).view()};
    const TensorView output = out.view();
    const Status run = node.context().node().op->reference(node.context(), inputs, {&output, 1});
    EXPECT_EQ(run.message(), Cat("index ", index, " along axis 0, must be 0 to 1"));
  }
}

TEST(IndicesTest, ShapesThatDoNotFitAreRefused) {
  EXPECT_FALSE(
      OneNode("GATHER_ND", {}, Inputs(RandomTensor({2}, 1), MakeTensor<int32_t>({1, 2}, {0, 0})), {}).status().ok());
  EXPECT_FALSE(OneNode("GATHER_ND", {}, Inputs(RandomTensor({2}, 1), RandomTensor({1, 1}, 1)), {}).status().ok());
  EXPECT_FALSE(
      OneNode("SCATTER_ND", {},
              Inputs(MakeTensor<int32_t>({3, 1}, {0, 0, 0}), RandomTensor({2, 2}, 1), MakeTensor<int32_t>({2}, {3, 2})),
              {2})
          .status()
          .ok());
}

}  // namespace
}  // namespace safelight
