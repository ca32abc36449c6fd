// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "ops/support/reduce_test_util.h"

namespace safelight {
namespace {

using namespace testing_ops;  // NOLINT(build/namespaces): the helpers of these tests

template <typename T>
OneNode Range3(T start, T limit, T delta) {
  return OneNode("RANGE", {},
                 Inputs(MakeTensor<T>({}, {start}), MakeTensor<T>({}, {limit}), MakeTensor<T>({}, {delta})), {0, 1, 2});
}

TEST(RangeTest, CountsUpAndDownAndLeavesOutTheLimit) {
  const Tensor up = Range3<int32_t>(1, 8, 3).Expected();
  EXPECT_EQ(std::vector<int>(up.data<int32_t>(), up.data<int32_t>() + 3), (std::vector<int>{1, 4, 7}));
  EXPECT_EQ(Range3<int32_t>(1, 7, 3).output().shape, (Shape{2}));
  const Tensor down = Range3<float>(1.0f, 0.0f, -0.25f).Expected();
  EXPECT_EQ(down.shape(), (Shape{4}));
  EXPECT_EQ(down.data<float>()[3], 0.25f);
  EXPECT_EQ(Range3<int64_t>(5, 5, 1).output().shape, (Shape{0}));
}

TEST(RangeTest, WhatNeverEndsIsRefused) {
  EXPECT_EQ(Range3<int32_t>(0, 5, 0).status().message(), "delta is 0");
  EXPECT_FALSE(Range3<int32_t>(0, 5, -1).status().ok());
  EXPECT_EQ(Range3<int64_t>(INT64_MIN, INT64_MAX, 1).status().code(), StatusCode::kResourceLimit);
  EXPECT_EQ(Range3<float>(0.0f, 1e30f, 1.0f).status().code(), StatusCode::kResourceLimit);
  const OneNode computed(
      "RANGE", {}, Inputs(MakeTensor<int32_t>({}, {0}), MakeTensor<int32_t>({}, {5}), MakeTensor<int32_t>({}, {1})),
      {0, 2});
  EXPECT_EQ(computed.status().message(), "input 1 'input1' is not known before the run");
}

}  // namespace
}  // namespace safelight
