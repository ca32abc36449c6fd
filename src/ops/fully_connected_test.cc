// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "graph/pack_cache.h"
#include "ops/support/reduce_test_util.h"

namespace safelight {
namespace {

using namespace testing_ops;  // NOLINT(build/namespaces): the helpers of these tests

constexpr int kActivation = 0, kWeightsFormat = 1, kKeepNumDims = 2;  // option slots

OneNode FullyConnected(Tensor input, const Shape& weights, std::map<int, double> attrs, bool constant = true) {
  const int64_t n = weights[0];
  return OneNode("FULLY_CONNECTED", std::move(attrs),
                 Inputs(std::move(input), RandomTensor(weights, 72), RandomTensor({n}, 73)),
                 constant ? std::vector<int>{1, 2} : std::vector<int>{});
}

void ExpectNear(const Tensor& a, const Tensor& b, float tolerance) {
  ASSERT_EQ(a.shape(), b.shape());
  for (int64_t i = 0; i < a.shape().elements(); ++i) {
    ASSERT_NEAR(a.data<float>()[i], b.data<float>()[i], tolerance) << "element " << i;
  }
}

TEST(FullyConnectedTest, HandComputed) {
  OneNode node("FULLY_CONNECTED", {{kActivation, 1}},
               Inputs(MakeTensor<float>({2, 3}, {1, 2, 3, 4, 5, 6}), MakeTensor<float>({2, 3}, {1, 0, -1, 2, 1, 0}),
                      MakeTensor<float>({2}, {0.5, -1})),
               {1, 2});
  const Tensor out = node.Whole();
  // [1 - 3 + 0.5, 2 + 2 - 1], [4 - 6 + 0.5, 8 + 5 - 1], with relu.
  EXPECT_EQ(std::vector<float>(out.data<float>(), out.data<float>() + 4), (std::vector<float>{0, 3, 0, 12}));
  EXPECT_TRUE(SameBits(out, node.Expected()));
}

TEST(FullyConnectedTest, BiasMayBeLeftOut) {
  auto inputs = Inputs(MakeTensor<float>({1, 2}, {3, 4}), MakeTensor<float>({1, 2}, {1, 2}));
  inputs.push_back(nullptr);
  const OneNode node("FULLY_CONNECTED", {}, std::move(inputs), {1});
  EXPECT_EQ(node.Whole().data<float>()[0], 11.0f);
  EXPECT_EQ(node.Expected().data<float>()[0], 11.0f);
}

TEST(FullyConnectedTest, PicturesKeepTheirAxesAndTheirBitsInStrips) {
  for (const Shape& shape : {Shape{1, 7, 9, 31}, Shape{2, 8, 1, 3}, Shape{1, 67, 16}, Shape{9, 8}}) {
    for (int64_t n : {1, 7, 8, 16, 31}) {
      for (bool constant : {true, false}) {
        SCOPED_TRACE(testing::Message() << shape.ToString() << " to " << n << ", constant " << constant << " seed 71");
        const int64_t k = shape[shape.rank() - 1];
        const OneNode node = FullyConnected(RandomTensor(shape, 71), {n, k}, {{kKeepNumDims, 1}}, constant);
        ExpectNear(node.Whole(), node.Expected(), 1e-4f);
        ExpectSameBitsInStrips(node);
      }
    }
  }
}

TEST(FullyConnectedTest, LeadingAxesBecomeOne) {
  const struct {
    Shape input;
    int64_t k;
    Shape output;
  } kCases[] = {{{1, 2, 2, 1}, 1, {4, 7}}, {{1, 1, 1, 31}, 31, {1, 7}}, {{3, 7, 8, 9}, 504, {3, 7}},
                {{31}, 31, {1, 7}},        {{1, 8, 9, 3}, 3, {72, 7}},  {{2, 9, 8, 7}, 56, {18, 7}},
                {{2, 6}, 3, {4, 7}},       {{0, 5}, 5, {0, 7}}};
  for (const auto& c : kCases) {
    SCOPED_TRACE(testing::Message() << c.input.ToString() << " in rows of " << c.k << " seed 74");
    const OneNode node = FullyConnected(RandomTensor(c.input, 74), {7, c.k}, {});
    ASSERT_TRUE(node.status().ok()) << node.status().message();
    EXPECT_EQ(node.output().shape, c.output);
    ExpectNear(node.Whole(), node.Expected(), 1e-4f);
    ExpectSameBitsInStrips(node);
  }
}

TEST(FullyConnectedTest, ComputedWeightsGiveTheBitsOfConstantOnes) {
  // Longer than one packed part of k.
  const OneNode constant = FullyConnected(RandomTensor({3, 1100}, 75), {17, 1100}, {}, true);
  const OneNode computed = FullyConnected(RandomTensor({3, 1100}, 75), {17, 1100}, {}, false);
  EXPECT_TRUE(SameBits(constant.Whole(), computed.Whole()));
}

TEST(FullyConnectedTest, PackedWeightsAreMadeOnce) {
  const OneNode node = FullyConnected(RandomTensor({3, 8}, 76), {20, 8}, {});
  PackCache cache;
  cache.AddSource(node.context().constant<float>(1), 1 << 16);
  for (int i = 0; i < 2; ++i) {
    ASSERT_TRUE(node.context().node().op->prepare(node.context(), {.pack_cache = &cache}).ok());
    EXPECT_EQ(cache.size_bytes(), 2 * 16 * 8 * sizeof(float));
  }
}

TEST(FullyConnectedTest, WhatDoesNotFitIsRefused) {
  EXPECT_EQ(FullyConnected(RandomTensor({2, 5}, 1), {3, 4}, {}).status().message(),
            "input of shape 2x5 does not fall into rows of 4");
  EXPECT_FALSE(FullyConnected(RandomTensor({2, 5}, 1), {3, 0}, {}).status().ok());
  EXPECT_FALSE(FullyConnected(RandomTensor({2, 6}, 1), {4, 3}, {{kKeepNumDims, 1}}).status().ok());
  EXPECT_EQ(FullyConnected(RandomTensor({2, 4}, 1), {3, 4}, {{kWeightsFormat, 1}}).status().code(),
            StatusCode::kUnsupported);
  EXPECT_EQ(FullyConnected(RandomTensor({2, 4}, 1), {3, 4}, {{kActivation, 4}}).status().code(),
            StatusCode::kUnsupported);
  EXPECT_EQ(FullyConnected(RandomTensor({2, 4}, 1), {3, 4}, {{kActivation, 9}}).status().code(),
            StatusCode::kCorruptData);
  const OneNode quantized("FULLY_CONNECTED", {},
                          Inputs(MakeTensor<int8_t>({1, 2}, {1, 2}), MakeTensor<int8_t>({1, 2}, {1, 2})), {1});
  ASSERT_TRUE(quantized.status().ok());
  EXPECT_EQ(quantized.context().node().op->prepare(quantized.context(), {}).status().code(),
            StatusCode::kInvalidArgument);  // no scales
}

}  // namespace
}  // namespace safelight
