// SPDX-License-Identifier: Apache-2.0
#include "ops/support/tail.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kernels/epilogue.h"
#include "ops/support/spatial.h"
#include "ops/support/spatial_test_util.h"

namespace safelight {
namespace {

using namespace testing_ops;  // NOLINT(build/namespaces): the helpers of these tests
using testing::HasSubstr;

struct Fused {
  bool residual = false, residual_last = false, slopes = false;
  kernels::Clamp clamp{};
};

// A convolution of 3x3 with explicit pads and all that passes may add; weights computed where not `constant`.
OneNode Convolution(const char* op, const Shape& data, int64_t out, const Fused& fused, bool constant, unsigned seed) {
  auto attrs = std::make_shared<SlidingAttrs>();
  attrs->padding = Padding::kExplicit;
  attrs->pads_h = {2, 0};
  attrs->pads_w = {0, 1};
  attrs->clamp = fused.clamp;
  const bool depthwise = std::string_view(op) == "DEPTHWISE_CONV_2D";
  auto inputs = WindowInputs(data, depthwise ? Shape{1, 3, 3, out} : Shape{out, 3, 3, data[3]}, out, seed);
  std::vector<int> constants = constant ? std::vector<int>{1, 2} : std::vector<int>{};
  if (fused.residual) {
    attrs->tail.residual = static_cast<int>(inputs.size());
    attrs->tail.residual_last = fused.residual_last;
    inputs.push_back(std::make_unique<Tensor>(RandomTensor({data[0], data[1], data[2] - 1, out}, seed + 7)));
  }
  if (fused.slopes) {
    attrs->tail.slopes = static_cast<int>(inputs.size());
    constants.push_back(attrs->tail.slopes);
    inputs.push_back(std::make_unique<Tensor>(RandomTensor({out}, seed + 8)));
  }
  return OneNode(op, std::move(inputs), constants, attrs);
}

TEST(TailTest, ConvolutionsWithTailsMatchTheReferenceAndKeepTheirBitsInStrips) {
  unsigned seed = 900;
  for (const char* op : {"CONV_2D", "DEPTHWISE_CONV_2D"}) {
    for (int kind = 0; kind < 6; ++kind) {
      for (const int64_t channels : {3, 8, 28}) {
        const Fused fused{kind % 3 > 0, kind % 3 == 2, kind > 2, {-1.5f, 2.5f}};
        SCOPED_TRACE(testing::Message() << op << " kind " << kind << " channels " << channels << " seed " << ++seed);
        const OneNode node = Convolution(op, {2, 5, 14, channels}, channels, fused, channels != 8, seed);
        ASSERT_TRUE(node.status().ok()) << node.status().message();
        ForEachTarget([&] {
          ExpectReference(node, 9 * channels);
          ExpectSameBitsInStrips(node);
        });
      }
    }
  }
}

TEST(TailTest, LongRowsAreMadeInPiecesWithTheSameBits) {
  for (const char* op : {"CONV_2D", "DEPTHWISE_CONV_2D"}) {
    const OneNode node = Convolution(op, {1, 1, 260, 32}, 32, {.residual = true, .slopes = true}, true, 5);
    ASSERT_GT(node.output().shape[2], TailPiece(32));
    ExpectReference(node, 288);
    ExpectSameBitsInStrips(node);
  }
}

// One element: slopes below 0, then limits, and the residual before or after them.
TEST(TailTest, TheOrderIsResidualSlopesLimitsOrResidualLast) {
  for (const bool last : {false, true}) {
    for (const bool sloped : {false, true}) {
      float out[] = {-3, 0.5f, 9};
      const float residual[] = {1, 1, -2}, slopes[] = {0.5f, 0.5f, 0.5f};
      kernels::RunEpilogue({.out = out,
                            .out_step = 3,
                            .channels = 3,
                            .pixels = 1,
                            .residual = residual,
                            .residual_step = 3,
                            .residual_last = last,
                            .slopes = sloped ? slopes : nullptr,
                            .low = -1.5f,
                            .high = 6});
      EXPECT_EQ(out[0], last ? -0.5f : sloped ? -1.0f : -1.5f);
      EXPECT_EQ(out[1], 1.5f);
      EXPECT_EQ(out[2], last ? 4.0f : 6.0f);
    }
  }
}

TEST(TailTest, WrongInputsAreRefusedBySentences) {
  const auto refused = [](const Shape& extra, const Tail& tail) {
    auto attrs = std::make_shared<SlidingAttrs>();
    attrs->tail = tail;
    auto inputs = WindowInputs({1, 4, 4, 2}, {3, 3, 3, 2}, 3, 1);
    inputs.push_back(std::make_unique<Tensor>(RandomTensor(extra, 2)));
    return Refusal(OneNode("CONV_2D", std::move(inputs), {1, 2, 3}, attrs));
  };
  EXPECT_THAT(refused({1, 4, 4, 3}, {}), HasSubstr("input 3 is one too many"));
  EXPECT_THAT(refused({1, 4, 3, 3}, {.residual = 3}), HasSubstr("a residual of shape 1x4x3x3, must be 1x4x4x3"));
  EXPECT_THAT(refused({2}, {.slopes = 3}), HasSubstr("2 slopes, must be 3"));
}

}  // namespace
}  // namespace safelight
