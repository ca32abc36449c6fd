// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "ops/support/reduce_test_util.h"

namespace safelight {
namespace {

using namespace testing_ops;  // NOLINT(build/namespaces): the helpers of these tests

// Slots: padding, strides of depth, width, height, activation, dilations of depth, width, height.
constexpr int kPadding = 0, kStrideD = 1, kStrideW = 2, kStrideH = 3, kDilationD = 5;

std::map<int, double> Options(int padding) {
  return {{kPadding, padding}, {kStrideD, 1}, {kStrideW, 1}, {kStrideH, 1}};
}

TEST(Conv3dTest, AKernelOfOneScales) {
  const OneNode node("CONV_3D", Options(0),
                     Inputs(RandomTensor({2, 3, 4, 5, 1}, 111), MakeTensor<float>({1, 1, 1, 1, 2}, {2, -1}),
                            MakeTensor<float>({2}, {0.5f, 0})),
                     {1, 2});
  const Tensor x = RandomTensor({2, 3, 4, 5, 1}, 111), out = node.Expected();
  ASSERT_EQ(out.shape(), (Shape{2, 3, 4, 5, 2}));
  for (int i = 0; i < 120; ++i) {
    EXPECT_EQ(out.data<float>()[2 * i], 2 * x.data<float>()[i] + 0.5f);
    EXPECT_EQ(out.data<float>()[2 * i + 1], -x.data<float>()[i]);
  }
}

TEST(Conv3dTest, ABoxOfOnesCountsItsNeighboursInside) {
  const OneNode node("CONV_3D", Options(0),
                     Inputs(MakeTensor<float>({1, 3, 3, 3, 1}, std::vector<float>(27, 1.0f)),
                            MakeTensor<float>({3, 3, 3, 1, 1}, std::vector<float>(27, 1.0f))),
                     {1});
  const Tensor out = node.Expected();
  EXPECT_EQ(out.data<float>()[0], 8.0f);    // a corner
  EXPECT_EQ(out.data<float>()[1], 12.0f);   // an edge
  EXPECT_EQ(out.data<float>()[13], 27.0f);  // the middle
}

TEST(Conv3dTest, StrideDilationAndValidSizes) {
  std::map<int, double> options = Options(1);
  options[kStrideW] = 2;
  options[kDilationD] = 2;
  const OneNode node("CONV_3D", options, Inputs(RandomTensor({1, 5, 4, 7, 2}, 1), RandomTensor({2, 2, 3, 2, 1}, 2)),
                     {1});
  EXPECT_EQ(node.output().shape, (Shape{1, 3, 3, 3, 1}));
}

TEST(Conv3dTest, HostileSizesAreRefused) {
  std::map<int, double> options = Options(0);
  options[kDilationD] = 2147483647.0;
  const OneNode far("CONV_3D", options, Inputs(RandomTensor({1, 2, 2, 2, 1}, 1), RandomTensor({1000, 1, 1, 1, 1}, 1)),
                    {1});
  EXPECT_EQ(far.status().code(), StatusCode::kResourceLimit);
  options[kDilationD] = 0;
  EXPECT_EQ(OneNode("CONV_3D", options, Inputs(RandomTensor({1, 2, 2, 2, 1}, 1), RandomTensor({1, 1, 1, 1, 1}, 1)), {1})
                .status()
                .message(),
            "dilation 0 of depth, must be at least 1");
  EXPECT_FALSE(OneNode("CONV_3D", {}, Inputs(RandomTensor({1, 2, 2, 2, 1}, 1), RandomTensor({1, 1, 1, 1, 1}, 1)), {1})
                   .status()
                   .ok());
  EXPECT_FALSE(
      OneNode("CONV_3D", Options(1), Inputs(RandomTensor({1, 2, 2, 2, 1}, 1), RandomTensor({3, 1, 1, 1, 1}, 1)), {1})
          .status()
          .ok());
  EXPECT_FALSE(
      OneNode("CONV_3D", Options(0), Inputs(RandomTensor({1, 2, 2, 2, 3}, 1), RandomTensor({1, 1, 1, 2, 1}, 1)), {1})
          .status()
          .ok());
}

}  // namespace
}  // namespace safelight
