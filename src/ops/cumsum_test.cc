// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "ops/support/reduce_test_util.h"

namespace safelight {
namespace {

using namespace testing_ops;  // NOLINT(build/namespaces): the helpers of these tests

std::vector<float> RunningSums(bool exclusive, bool reverse, int32_t axis) {
  const OneNode node("CUMSUM", {{0, exclusive}, {1, reverse}},
                     Inputs(MakeTensor<float>({2, 3}, {1, 2, 3, 4, 5, 6}), MakeTensor<int32_t>({}, {axis})), {1});
  const Tensor out = node.Expected();
  return std::vector<float>(out.data<float>(), out.data<float>() + 6);
}

TEST(CumsumTest, HandComputed) {
  EXPECT_EQ(RunningSums(false, false, 1), (std::vector<float>{1, 3, 6, 4, 9, 15}));
  EXPECT_EQ(RunningSums(false, false, 0), (std::vector<float>{1, 2, 3, 5, 7, 9}));
  EXPECT_EQ(RunningSums(true, false, -1), (std::vector<float>{0, 1, 3, 0, 4, 9}));
  EXPECT_EQ(RunningSums(false, true, 1), (std::vector<float>{6, 5, 3, 15, 11, 6}));
  EXPECT_EQ(RunningSums(true, true, 1), (std::vector<float>{5, 3, 0, 11, 6, 0}));
}

TEST(CumsumTest, AnAxisThatIsNotThereIsRefused) {
  const OneNode node("CUMSUM", {}, Inputs(RandomTensor({2, 3}, 1), MakeTensor<int32_t>({}, {2})), {1});
  EXPECT_EQ(node.status().message(), "axis 2 of an input of 2 dimensions");
}

}  // namespace
}  // namespace safelight
