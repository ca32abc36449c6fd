// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "graph/pack_cache.h"
#include "ops/support/spatial_test_util.h"

namespace safelight {
namespace {

using namespace testing_ops;  // NOLINT(build/namespaces): the helpers of these tests
using testing::ElementsAre;
using testing::HasSubstr;

constexpr int kPadding = 0, kStrideW = 1, kStrideH = 2, kActivation = 3, kDilationW = 4, kDilationH = 5;  // slots
constexpr int kSame = 0, kValid = 1, kRelu = 1, kRelu6 = 3;

struct ConvCase {
  Shape data, weights;
  int64_t bias;
  std::map<int, double> attrs;
  bool constant = true;
};

OneNode Conv(const ConvCase& c, unsigned seed) {
  return OneNode("CONV_2D", c.attrs, WindowInputs(c.data, c.weights, c.bias, seed),
                 c.constant ? std::vector<int>{1, 2} : std::vector<int>{});
}

ConvCase RandomCase(Dice& dice) {
  while (true) {
    const int64_t groups = dice.Of({1, 1, 1, 2, 3}), in = dice.Channels(), out = dice.Channels() * groups;
    ConvCase c{{dice.Of({1, 1, 2}), dice.Size(), dice.Size(), in * groups},
               {out, dice.Of({1, 2, 3, 5}), dice.Of({1, 2, 3, 5}), in},
               dice.Coin() ? out : 0,
               {{kPadding, dice.Of({kSame, kSame, kValid})},
                {kStrideW, dice.Of({1, 1, 2, 3})},
                {kStrideH, dice.Of({1, 1, 2, 3})},
                {kActivation, dice.Of({0, 1, 2, 3})},
                {kDilationW, dice.Of({1, 1, 2})},
                {kDilationH, dice.Of({1, 1, 2})}},
               dice.Of({0, 1, 1, 1}) == 1};
    const bool fits = c.data[1] > 9 && c.data[2] > 9;  // whatever the filter and dilation
    if (c.attrs[kPadding] == kValid && !fits) continue;
    if (c.data[0] * c.data[1] * c.data[2] * c.weights.elements() <= 600000) return c;
  }
}

TEST(Conv2dTest, SumsTheWindowUnderEachPixel) {
  const OneNode node("CONV_2D", {{kPadding, kSame}, {kStrideW, 1}, {kStrideH, 1}},
                     Inputs(MakeTensor<float>({1, 2, 3, 1}, {1, 2, 3, 4, 5, 6}),
                            MakeTensor<float>({1, 2, 2, 1}, {1, 10, 100, 1000}), MakeTensor<float>({1}, {0.5})),
                     {1, 2});
  // The odd row and column of padding come after the picture.
  EXPECT_THAT(Floats(node.Whole()), ElementsAre(5421.5, 6532.5, 603.5, 54.5, 65.5, 6.5));
}

TEST(Conv2dTest, KernelMatchesTheReferenceOnEveryTargetAndKeepsItsBitsInStrips) {
  Dice dice(401);
  for (int i = 0; i < 60; ++i) {
    const ConvCase c = RandomCase(dice);
    const unsigned seed = dice.Seed();
    SCOPED_TRACE(testing::Message() << c.data.ToString() << " * " << c.weights.ToString() << " seed 401/" << seed
                                    << " attrs " << testing::PrintToString(c.attrs) << " constant " << c.constant);
    const OneNode node = Conv(c, seed);
    ASSERT_TRUE(node.status().ok()) << node.status().message();
    ForEachTarget([&] {
      ExpectReference(node, c.weights[1] * c.weights[2] * c.weights[3]);
      if (c.data.elements() < 6000) ExpectSameBitsInStrips(node);
    });
  }
}

TEST(Conv2dTest, EveryNumberOfOutputChannelsMatchesTheReference) {
  for (int64_t out = 1; out <= 34; ++out) {
    SCOPED_TRACE(testing::Message() << out << " channels, seed " << 500 + out);
    const OneNode node = Conv({{1, 3, 29, 5}, {out, 3, 3, 5}, out, {{kStrideW, 1}, {kStrideH, 1}}}, 500 + out);
    ForEachTarget([&] {
      ExpectReference(node, 45);
      ExpectSameBitsInStrips(node);
    });
  }
}

TEST(Conv2dTest, PaddingMayHideEveryTap) {
  const OneNode node =
      Conv({{1, 1, 1, 3}, {4, 2, 2, 3}, 4, {{kStrideW, 1}, {kStrideH, 1}, {kDilationW, 4}, {kDilationH, 4}}}, 1);
  ExpectReference(node, 1);
}

TEST(Conv2dTest, ActivationKeepsNotANumber) {
  const OneNode node(
      "CONV_2D", {{kStrideW, 1}, {kStrideH, 1}, {kActivation, kRelu6}},
      Inputs(MakeTensor<float>({1, 1, 3, 1}, {std::nanf(""), 9, -9}), MakeTensor<float>({1, 1, 1, 1}, {1})), {1});
  for (const Tensor& out : {node.Whole(), node.Expected()}) {
    EXPECT_TRUE(std::isnan(out.data<float>()[0]));
    EXPECT_EQ(out.data<float>()[1], 6.0f);
    EXPECT_EQ(out.data<float>()[2], 0.0f);
  }
}

TEST(Conv2dTest, SessionsShareOnePacking) {
  const OneNode node = Conv({{1, 8, 8, 8}, {16, 3, 3, 4}, 16, {{kStrideW, 1}, {kStrideH, 1}}}, 2);
  PackCache cache;
  const PrepareOptions options{.pack_cache = &cache};
  cache.AddSource(node.context().constant<float>(1), 1 << 16);
  const OpDef* op = node.context().node().op;
  ASSERT_TRUE(op->prepare(node.context(), options).ok());
  const size_t once = cache.size_bytes();
  EXPECT_GE(once, 16u * 9 * 4 * sizeof(float));
  ASSERT_TRUE(op->prepare(node.context(), options).ok());
  EXPECT_EQ(cache.size_bytes(), once);
}

TEST(Conv2dTest, HostileOptionsAndShapesAreRefusedBySentences) {
  const Shape data{1, 8, 8, 4}, weights{6, 3, 3, 4};
  const std::map<int, double> good{{kStrideW, 1}, {kStrideH, 1}};
  ASSERT_TRUE(Conv({data, weights, 6, good}, 3).status().ok());
  const auto with = [&](int slot, double value) {
    std::map<int, double> attrs = good;
    attrs[slot] = value;
    return Refusal(Conv({data, weights, 6, attrs}, 3));
  };
  EXPECT_THAT(with(kStrideW, 0), HasSubstr("stride_w 0"));
  EXPECT_THAT(with(kStrideH, -1), HasSubstr("stride_h -1"));
  EXPECT_THAT(with(kDilationW, 0), HasSubstr("dilation_w 0"));
  EXPECT_THAT(with(kDilationH, 2147483647), HasSubstr("dilation_h 2147483647"));
  EXPECT_THAT(with(kPadding, 7), HasSubstr("padding 7"));
  EXPECT_THAT(with(kActivation, 9), HasSubstr("activation 9"));
  const auto shaped = [&](const Shape& in, const Shape& filter, int64_t bias) {
    std::map<int, double> attrs = good;
    attrs[kPadding] = kValid;
    return Refusal(Conv({in, filter, bias, attrs}, 3));
  };
  EXPECT_THAT(shaped(data, {6, 9, 3, 4}, 6), HasSubstr("does not fit"));
  EXPECT_THAT(shaped(data, {6, 3, 3, 3}, 6), HasSubstr("4 channels"));
  EXPECT_THAT(shaped(data, {6, 0, 3, 4}, 6), HasSubstr("filter size 0"));
  EXPECT_THAT(shaped(data, {0, 3, 3, 4}, 0), HasSubstr("filter of shape"));
  EXPECT_THAT(shaped(data, weights, 5), HasSubstr("bias"));
  EXPECT_THAT(shaped({8, 8, 4}, weights, 6), HasSubstr("rank 4"));
  EXPECT_THAT(shaped({1, 0, 8, 4}, weights, 6), HasSubstr("input size 0"));
}

TEST(Conv2dTest, IntegersWithoutScalesHaveShapesButNoArithmetic) {
  const OneNode node("CONV_2D", {{kStrideW, 1}, {kStrideH, 1}},
                     Inputs(MakeTensor<int8_t>({1, 2, 2, 1}, {1, 2, 3, 4}), MakeTensor<int8_t>({1, 1, 1, 1}, {1}),
                            MakeTensor<int32_t>({1}, {0})),
                     {1, 2});
  ASSERT_TRUE(node.status().ok()) << node.status().message();
  EXPECT_EQ(node.output().dtype, DType::kInt8);
  EXPECT_EQ(node.output().shape, (Shape{1, 2, 2, 1}));
  const auto kernel = node.context().node().op->prepare(node.context(), {});
  ASSERT_FALSE(kernel.ok());
  EXPECT_EQ(kernel.status().code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(kernel.status().message(), HasSubstr("have no scale"));
}

}  // namespace
}  // namespace safelight
