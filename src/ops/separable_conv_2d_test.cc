// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ops/support/separable.h"
#include "ops/support/spatial_test_util.h"

namespace safelight {
namespace {

using namespace testing_ops;  // NOLINT(build/namespaces): the helpers of these tests
using testing::HasSubstr;

struct Case {
  Shape data, depthwise;
  int64_t out;
  int64_t stride = 1, dilation = 1;
  bool bias = true, residual = false;
};

OneNode Separable(const Case& c, unsigned seed) {
  auto attrs = std::make_shared<SeparableAttrs>();
  attrs->depthwise.stride_h = attrs->depthwise.stride_w = c.stride;
  attrs->depthwise.dilation_h = attrs->depthwise.dilation_w = c.dilation;
  attrs->depthwise.clamp = {-1.5f, 1.0f};
  attrs->clamp = {.low = -4};
  auto inputs = WindowInputs(c.data, c.depthwise, c.bias ? c.depthwise[3] : 0, seed);
  inputs.push_back(std::make_unique<Tensor>(RandomTensor({c.out, 1, 1, c.depthwise[3]}, seed + 3)));
  inputs.push_back(c.bias ? std::make_unique<Tensor>(RandomTensor({c.out}, seed + 4)) : nullptr);
  if (c.residual) {
    attrs->tail.residual = 5;
    const auto size = [&](int axis) { return (c.data[axis] + c.stride - 1) / c.stride; };
    inputs.push_back(std::make_unique<Tensor>(RandomTensor({c.data[0], size(1), size(2), c.out}, seed + 5)));
  }
  return OneNode("SEPARABLE_CONV_2D", std::move(inputs), {1, 2, 3, 4}, attrs);
}

TEST(SeparableConv2dTest, KernelMatchesTheReferenceOnEveryTargetAndKeepsItsBitsInStrips) {
  const Case cases[] = {
      {{1, 6, 200, 16}, {1, 3, 3, 16}, 16},    {{1, 5, 90, 64}, {1, 3, 3, 64}, 8, 1, 1, true, true},
      {{2, 7, 9, 3}, {1, 3, 3, 3}, 32},        {{1, 9, 40, 12}, {1, 5, 5, 12}, 5, 2, 1, false, true},
      {{1, 9, 21, 8}, {1, 3, 2, 16}, 9, 1, 2}, {{1, 1, 1, 33}, {1, 3, 3, 33}, 3, 3, 1, true, true},
  };
  unsigned seed = 700;
  for (const Case& c : cases) {
    SCOPED_TRACE(testing::Message() << c.data.ToString() << " seed " << ++seed);
    const OneNode node = Separable(c, seed);
    ASSERT_TRUE(node.status().ok()) << node.status().message();
    ForEachTarget([&] {
      ExpectReference(node, 4 * c.depthwise[3]);
      ExpectSameBitsInStrips(node);
    });
  }
}

TEST(SeparableConv2dTest, FiltersThatDoNotFitAreRefusedBySentences) {
  EXPECT_THAT(Refusal(Separable({{1, 4, 4, 6}, {1, 3, 3, 4}, 8}, 1)), HasSubstr("do not fit an input of 6 channels"));
  EXPECT_THAT(Refusal(Separable({{1, 4, 4, 4}, {2, 3, 3, 4}, 8}, 1)), HasSubstr("do not fit"));
  EXPECT_THAT(Refusal(Separable({{1, 4, 4, 4}, {1, 3, 3, 4}, 0}, 1)), HasSubstr("do not fit"));
}

}  // namespace
}  // namespace safelight
