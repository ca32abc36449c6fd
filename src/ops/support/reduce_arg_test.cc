// SPDX-License-Identifier: Apache-2.0
#include "ops/support/reduce_arg.h"

#include <gtest/gtest.h>

#include <limits>

#include "ops/support/reduce_test_util.h"

namespace safelight {
namespace {

using namespace testing_ops;  // NOLINT(build/namespaces): the helpers of these tests

constexpr double kInt32 = 2, kInt64 = 4;  // TFLite's types of the result

OneNode Arg(const char* op, Tensor input, int32_t axis, double type = kInt32) {
  return OneNode(op, {{0, type}}, Inputs(std::move(input), MakeTensor<int32_t>({}, {axis})), {1});
}

TEST(ArgTest, TheFirstOfEqualsIsFound) {
  const std::vector<float> x = {1, 3, 3, -1, -1, 2};
  const Tensor high = Arg("ARG_MAX", MakeTensor<float>({2, 3}, x), 1).Whole();
  EXPECT_EQ(high.data<int32_t>()[0], 1);
  EXPECT_EQ(high.data<int32_t>()[1], 2);
  const Tensor low = Arg("ARG_MIN", MakeTensor<float>({2, 3}, x), -1, kInt64).Whole();
  EXPECT_EQ(low.data<int64_t>()[0], 0);
  EXPECT_EQ(low.data<int64_t>()[1], 0);
  const Tensor down = Arg("ARG_MIN", MakeTensor<float>({2, 3}, x), 0).Whole();
  EXPECT_EQ(std::vector<int>(down.data<int32_t>(), down.data<int32_t>() + 3), (std::vector<int>{1, 1, 1}));
}

TEST(ArgTest, StripsHaveTheValuesOfTheWhole) {
  for (int axis : {0, 1, 2, 3}) {
    SCOPED_TRACE(testing::Message() << "axis " << axis << " seed 101");
    const OneNode node = Arg("ARG_MAX", RandomTensor({2, 7, 9, 31}, 101), axis, kInt64);
    EXPECT_TRUE(SameBits(node.Whole(), node.Expected()));
    ExpectSameBitsInStrips(node);
  }
}

TEST(ArgTest, StoredIntegersCompareAsNumbers) {
  EXPECT_EQ(Arg("ARG_MAX", MakeTensor<int8_t>({3}, {-3, 5, -128}), 0).Whole().data<int32_t>()[0], 1);
  EXPECT_EQ(Arg("ARG_MIN", MakeTensor<int32_t>({3}, {4, -7, 9}), 0).Whole().data<int32_t>()[0], 1);
}

TEST(ArgTest, NanNeverWins) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  EXPECT_EQ(Arg("ARG_MAX", MakeTensor<float>({4}, {nan, 1, nan, 3}), 0).Whole().data<int32_t>()[0], 3);
  EXPECT_EQ(Arg("ARG_MIN", MakeTensor<float>({4}, {nan, 1, nan, 3}), 0).Whole().data<int32_t>()[0], 1);
  EXPECT_EQ(Arg("ARG_MAX", MakeTensor<float>({2}, {nan, nan}), 0).Whole().data<int32_t>()[0], 0);
}

TEST(ArgTest, WhatHasNoAnswerIsRefused) {
  EXPECT_EQ(Arg("ARG_MAX", RandomTensor({2, 0}, 1), 1).status().message(),
            "input of shape 2x0 has nothing along axis 1");
  EXPECT_FALSE(Arg("ARG_MAX", RandomTensor({2, 3}, 1), 2).status().ok());
  EXPECT_FALSE(Arg("ARG_MAX", RandomTensor({2, 3}, 1), 1, 9).status().ok());
  EXPECT_EQ(Arg("ARG_MAX", RandomTensor({0, 3}, 1), 1).Whole().shape(), (Shape{0}));
}

}  // namespace
}  // namespace safelight
