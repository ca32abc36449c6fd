// SPDX-License-Identifier: Apache-2.0
#include "ops/support/last_axis.h"

#include <gtest/gtest.h>

#include <cmath>

#include "ops/support/reduce_test_util.h"

namespace safelight {
namespace {

using namespace testing_ops;  // NOLINT(build/namespaces): the helpers of these tests

TEST(LastAxisTest, SoftmaxHandComputed) {
  // Equal inputs share; ln 3 apart is one to three.
  const OneNode node("SOFTMAX", {{0, 1.0}}, Inputs(MakeTensor<float>({2, 2}, {5, 5, 0, std::log(3.0f)})), {});
  const Tensor out = node.Whole();
  const float expected[] = {0.5f, 0.5f, 0.25f, 0.75f};
  for (int i = 0; i < 4; ++i) EXPECT_NEAR(out.data<float>()[i], expected[i], 1e-6f);
}

TEST(LastAxisTest, BetaOfAFileThatSaysNothingIsZero) {
  const OneNode node("SOFTMAX", {}, Inputs(MakeTensor<float>({1, 4}, {1, 2, 3, 4})), {});
  const Tensor out = node.Whole();
  for (int i = 0; i < 4; ++i) EXPECT_EQ(out.data<float>()[i], 0.25f);
}

TEST(LastAxisTest, AgreesWithTheReferenceAndKeepsItsBitsInStrips) {
  for (const char* op : {"SOFTMAX", "LOG_SOFTMAX", "L2_NORMALIZATION"}) {
    for (const Shape& shape : {Shape{1, 7, 9, 31}, Shape{2, 8, 31, 3}, Shape{67, 9}, Shape{9}, Shape{1, 3, 5, 1},
                               Shape{2, 3, 1100}, Shape{1, 3, 0, 4}, Shape{2, 3, 0}}) {
      SCOPED_TRACE(testing::Message() << op << " of " << shape.ToString() << " seed 91");
      const std::map<int, double> attrs =
          std::string_view(op) == "SOFTMAX" ? std::map<int, double>{{0, 1.0}} : std::map<int, double>{};
      const OneNode node(op, attrs, Inputs(RandomTensor(shape, 91)), {});
      ASSERT_TRUE(node.status().ok()) << node.status().message();
      const Tensor whole = node.Whole(), expected = node.Expected();
      for (int64_t i = 0; i < shape.elements(); ++i) {
        ASSERT_NEAR(whole.data<float>()[i], expected.data<float>()[i], 2e-6) << "element " << i;
      }
      ExpectSameBitsInStrips(node);
    }
  }
}

TEST(LastAxisTest, OptionsAndTypesThatAreNotBuiltAreRefused) {
  EXPECT_EQ(OneNode("L2_NORMALIZATION", {{0, 1}}, Inputs(RandomTensor({2, 2}, 1)), {}).status().code(),
            StatusCode::kUnsupported);
  EXPECT_FALSE(OneNode("SOFTMAX", {{0, 1}}, Inputs(RandomTensor({}, 1)), {}).status().ok());
  EXPECT_FALSE(OneNode("SOFTMAX", {{0, INFINITY}}, Inputs(RandomTensor({2}, 1)), {}).status().ok());
  const OneNode quantized("SOFTMAX", {{0, 1}}, Inputs(MakeTensor<int8_t>({2}, {1, 2})), {});
  ASSERT_TRUE(quantized.status().ok());
  EXPECT_EQ(quantized.context().node().op->prepare(quantized.context(), {}).status().code(),
            StatusCode::kInvalidArgument);  // no scale
}

}  // namespace
}  // namespace safelight
