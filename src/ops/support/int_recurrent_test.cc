// SPDX-License-Identifier: Apache-2.0
//
// The bits are LiteRT's business (tests/ops/recurrent.py); here what the 16-bit functions are near to, and refusals.
#include "ops/support/int_recurrent.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "ops/support/fixed_point16.h"
#include "ops/support/reduce_test_util.h"

namespace safelight {
namespace {

using namespace testing_ops;  // NOLINT(build/namespaces): the helpers of these tests
using testing::HasSubstr;

TEST(Fixed16Test, CurvesAreNearTheirFunctionsEverywhere) {
  constexpr double kUnit = 32768, kNear = 13;  // units of the result
  for (int x = INT16_MIN; x <= INT16_MAX; ++x) {
    const int16_t word = static_cast<int16_t>(x);
    ASSERT_NEAR(Fixed16::Logistic(word), kUnit / (1 + std::exp(-x / 4096.0)), kNear) << x;
    for (int bits = 0; bits <= 6; ++bits) {
      ASSERT_NEAR(Fixed16::Tanh(word, bits), kUnit * std::tanh(std::ldexp(x, bits - 15)), kNear) << x << ' ' << bits;
    }
  }
}

TEST(IntLstmTest, WithoutTheUnitsThatItComputesInItIsRefused) {
  const Shape cell{2}, matrix{2, 2}, row{1, 2};
  std::vector<std::unique_ptr<Tensor>> inputs;
  const auto add = [&](DType dtype, const Shape& shape) { inputs.push_back(std::make_unique<Tensor>(dtype, shape)); };
  add(DType::kInt8, row);
  for (int i = 0; i < 8; ++i) add(DType::kInt8, matrix);
  for (int i = 0; i < 3; ++i) inputs.push_back(nullptr);
  for (int i = 0; i < 4; ++i) add(DType::kInt32, cell);
  for (int i = 0; i < 2; ++i) inputs.push_back(nullptr);
  add(DType::kInt8, row);
  add(DType::kInt16, row);
  const OneNode node("LSTM", {{0, 4}}, std::move(inputs), {1, 2, 3, 4, 5, 6, 7, 8, 12, 13, 14, 15, 18, 19});
  ASSERT_TRUE(node.status().ok()) << node.status().message();
  LstmAttrs attrs;
  attrs.activation = 4;
  const LstmSizes sizes{1, 2, 2, 2};
  std::vector<ConstTensorView> views(20);
  int8_t out[2] = {};
  EXPECT_THAT(RunIntLstm(node.context(), attrs, sizes, views, out, 1, 0, 1).message(),
              HasSubstr("0 intermediate values, must be 5"));
  attrs.activation = 1;
  EXPECT_THAT(RunIntLstm(node.context(), attrs, sizes, views, out, 1, 0, 1).message(),
              HasSubstr("activation 1 of int8 values, must be TANH"));
}

}  // namespace
}  // namespace safelight
