// SPDX-License-Identifier: Apache-2.0
//
// Ops of two operands: vector code against scalar code on every instruction set, activations, and integers at their
// limits.
#include "ops/support/binary.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "ops/support/spatial_test_util.h"

namespace safelight {
namespace {

using namespace testing_ops;  // NOLINT(build/namespaces): the helpers of these tests

constexpr int kActivation = 0;  // slot
constexpr int64_t kSizes[] = {1, 7, 8, 9, 31, 67};
// POW and ATAN2 have series of their own; everything else is exact.
constexpr const char* kExact[] = {"ADD",     "SUB",     "MUL",   "DIV",       "SQUARED_DIFFERENCE",
                                  "MAXIMUM", "MINIMUM", "PRELU", "FLOOR_DIV", "FLOOR_MOD"};

Tensor Positive(const Shape& shape, unsigned seed) {
  Tensor tensor = RandomTensor(shape, seed);
  for (int64_t i = 0; i < shape.elements(); ++i) tensor.data<float>()[i] = std::abs(tensor.data<float>()[i]) + 0.25f;
  return tensor;
}

TEST(BinaryTest, ExactOpsHaveTheBitsOfScalarCode) {
  ForEachTarget([] {
    for (const char* op : kExact) {
      for (int64_t size : kSizes) {
        SCOPED_TRACE(testing::Message() << op << " of " << size);
        const OneNode node(op, {}, Inputs(RandomTensor({3, size}, 11), Positive({3, size}, 12)), {});
        EXPECT_TRUE(SameBits(node.Whole(), node.Expected()));
        const OneNode row(op, {}, Inputs(RandomTensor({3, size}, 13), Positive({size}, 14)), {});
        EXPECT_TRUE(SameBits(row.Whole(), row.Expected()));
        ExpectSameBitsInStrips(row);
      }
    }
  });
}

TEST(BinaryTest, SeriesAreRightToTheLastPlaces) {
  ForEachTarget([] {
    for (int64_t size : kSizes) {
      const OneNode power("POW", {}, Inputs(Positive({3, size}, 21), RandomTensor({3, size}, 22)), {});
      const OneNode angle("ATAN2", {}, Inputs(RandomTensor({3, size}, 23), RandomTensor({3, size}, 24)), {});
      const Tensor powers = power.Whole(), angles = angle.Whole(), right = power.Expected(), down = angle.Expected();
      for (int64_t i = 0; i < 3 * size; ++i) {
        EXPECT_NEAR(powers.data<float>()[i], right.data<float>()[i], 1e-6f * right.data<float>()[i]) << i;
        EXPECT_NEAR(angles.data<float>()[i], down.data<float>()[i], 1e-6f) << i;
      }
      ExpectSameBitsInStrips(power);
    }
  });
}

TEST(BinaryTest, ActivationsLimitTheResult) {
  const Tensor x = RandomTensor({67}, 31), y = RandomTensor({67}, 32);
  const struct {
    int code;
    float low, high;
  } activations[] = {{1, 0, std::numeric_limits<float>::infinity()}, {2, -1, 1}, {3, 0, 6}};
  for (const auto& activation : activations) {
    const OneNode node("MUL", {{kActivation, activation.code}}, Inputs(RandomTensor({67}, 31), RandomTensor({67}, 32)),
                       {});
    const Tensor whole = node.Whole();
    for (int64_t i = 0; i < 67; ++i) {
      const float product = x.data<float>()[i] * y.data<float>()[i];
      EXPECT_EQ(whole.data<float>()[i], std::min(std::max(product, activation.low), activation.high)) << i;
    }
    EXPECT_TRUE(SameBits(whole, node.Expected()));
  }
  EXPECT_EQ(Refusal(OneNode("ADD", {{kActivation, 4}}, Inputs(RandomTensor({1}, 1), RandomTensor({1}, 1)), {})),
            "fused activation TANH");
}

std::vector<int32_t> Integers(const char* op, std::vector<int32_t> a, std::vector<int32_t> b) {
  const int64_t size = static_cast<int64_t>(a.size());
  const OneNode node(op, {}, Inputs(MakeTensor<int32_t>({size}, a), MakeTensor<int32_t>({size}, b)), {});
  const Tensor whole = node.Whole();
  EXPECT_TRUE(SameBits(whole, node.Expected())) << op;
  return std::vector<int32_t>(whole.data<int32_t>(), whole.data<int32_t>() + size);
}

TEST(BinaryTest, IntegersWrapAroundAndDivideTowardsTheirSide) {
  constexpr int32_t kLow = std::numeric_limits<int32_t>::min(), kHigh = std::numeric_limits<int32_t>::max();
  using Ints = std::vector<int32_t>;
  EXPECT_EQ(Integers("ADD", {kHigh, 5}, {1, -7}), (Ints{kLow, -2}));
  EXPECT_EQ(Integers("MUL", {1 << 20, -3}, {1 << 20, 4}), (Ints{0, -12}));
  EXPECT_EQ(Integers("DIV", {7, -7, 7, kLow}, {2, 2, -2, -1}), (Ints{3, -3, -3, kLow}));
  EXPECT_EQ(Integers("FLOOR_DIV", {7, -7, 7, kLow}, {2, 2, -2, -1}), (Ints{3, -4, -4, kLow}));
  EXPECT_EQ(Integers("FLOOR_MOD", {7, -7, 7, -7, kLow}, {3, 3, -3, -3, -1}), (Ints{1, 2, -2, -1, 0}));
  EXPECT_EQ(Integers("POW", {2, -3, 5, -1, 7}, {10, 3, 0, -3, -1}), (Ints{1024, -27, 1, -1, 0}));
  EXPECT_EQ(Integers("SQUARED_DIFFERENCE", {3, -4}, {-2, 4}), (Ints{25, 64}));
  EXPECT_EQ(Integers("MAXIMUM", {3, -4}, {-2, 4}), (Ints{3, 4}));
  EXPECT_EQ(Integers("MINIMUM", {3, -4}, {-2, 4}), (Ints{-2, -4}));
}

TEST(BinaryTest, AnIntegerDividedByZeroIsAnError) {
  for (const char* op : {"DIV", "FLOOR_DIV", "FLOOR_MOD"}) {
    const OneNode node(op, {}, Inputs(MakeTensor<int32_t>({1}, {1}), MakeTensor<int32_t>({1}, {0})), {});
    Tensor a = MakeTensor<int32_t>({1}, {1}), b = MakeTensor<int32_t>({1}, {0}), out(DType::kInt32, {1});
    const std::vector<ConstTensorView> inputs = {std::as_const(a).view(), std::as_const(b).view()};
    const TensorView output = out.view();
    const Status status = node.context().node().op->reference(node.context(), inputs, {&output, 1});
    EXPECT_EQ(status.message(), "an integer is divided by zero");
  }
}

}  // namespace
}  // namespace safelight
