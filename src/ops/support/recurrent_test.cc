// SPDX-License-Identifier: Apache-2.0
#include "ops/support/recurrent.h"

#include <gtest/gtest.h>

#include <cmath>

#include "ops/support/reduce_test_util.h"

namespace safelight {
namespace {

using namespace testing_ops;  // NOLINT(build/namespaces): the helpers of these tests

double Sigmoid(double x) { return 1.0 / (1.0 + std::exp(-x)); }

// Cells of size one, so that each weight is a number. Gates in the order input, forget, cell, output.
struct Scalars {
  float in[4] = {0.5f, -0.25f, 1.5f, 0.75f};
  float recurrent[4] = {0.1f, 0.2f, -0.3f, 0.4f};
  float bias[4] = {0.05f, 0.6f, -0.1f, 0.2f};
  float peephole[3] = {0.3f, -0.2f, 0.7f};  // input, forget, output
  float projection = 1.25f, projection_bias = -0.125f;
};

std::unique_ptr<Tensor> One(const Shape& shape, float value) {
  return std::make_unique<Tensor>(MakeTensor<float>(shape, {value}));
}

struct Parts {
  bool coupled = false, peephole = false, projection = false;
};

std::vector<std::unique_ptr<Tensor>> LstmInputs(Tensor x, const Parts& parts) {
  const Scalars s;
  std::vector<std::unique_ptr<Tensor>> inputs = Inputs(std::move(x));
  for (int gate = 0; gate < 4; ++gate) inputs.push_back(gate == 0 && parts.coupled ? nullptr : One({1, 1}, s.in[gate]));
  for (int gate = 0; gate < 4; ++gate) {
    inputs.push_back(gate == 0 && parts.coupled ? nullptr : One({1, 1}, s.recurrent[gate]));
  }
  for (int i = 0; i < 3; ++i) {
    inputs.push_back(!parts.peephole || (i == 0 && parts.coupled) ? nullptr : One({1}, s.peephole[i]));
  }
  for (int gate = 0; gate < 4; ++gate) inputs.push_back(gate == 0 && parts.coupled ? nullptr : One({1}, s.bias[gate]));
  inputs.push_back(parts.projection ? One({1, 1}, s.projection) : nullptr);
  inputs.push_back(parts.projection ? One({1}, s.projection_bias) : nullptr);
  inputs.push_back(One({1, 1}, 0.0f));  // the states
  inputs.push_back(One({1, 1}, 0.0f));
  return inputs;
}

// The same cell in doubles, straight from its equations.
std::vector<double> Expect(const std::vector<float>& x, const Parts& parts, double cell_clip) {
  const Scalars s;
  double h = 0, c = 0;
  std::vector<double> out;
  const auto gate = [&](int g, int peephole) {
    return s.in[g] * x[out.size()] + s.recurrent[g] * h + s.bias[g] +
           (parts.peephole && peephole >= 0 ? s.peephole[peephole] * c : 0.0);
  };
  while (out.size() < x.size()) {
    const double forget = Sigmoid(gate(1, 1));
    const double input = parts.coupled ? 1.0 - forget : Sigmoid(gate(0, 0));
    c = forget * c + input * std::tanh(gate(2, -1));
    if (cell_clip > 0) c = std::min(std::max(c, -cell_clip), cell_clip);
    const double output = Sigmoid(gate(3, 2));
    h = output * std::tanh(c);
    if (parts.projection) h = s.projection * h + s.projection_bias;
    out.push_back(h);
  }
  return out;
}

TEST(LstmTest, SequencesFollowTheEquationsInAllForms) {
  const std::vector<float> x = {1.0f, -0.5f, 2.0f, 0.0f, 3.0f};
  for (int form = 0; form < 8; ++form) {
    for (double clip : {0.0, 0.3}) {
      const Parts parts{(form & 1) != 0, (form & 2) != 0, (form & 4) != 0};
      SCOPED_TRACE(testing::Message() << "form " << form << ", clip " << clip);
      const OneNode node("UNIDIRECTIONAL_SEQUENCE_LSTM", {{0, 4}, {1, clip}},
                         LstmInputs(MakeTensor<float>({1, 5, 1}, x), parts), {});
      ASSERT_TRUE(node.status().ok()) << node.status().message();
      const Tensor out = node.Expected();
      const std::vector<double> expected = Expect(x, parts, clip);
      for (int t = 0; t < 5; ++t) EXPECT_NEAR(out.data<float>()[t], expected[t], 1e-6) << "step " << t;
    }
  }
}

TEST(LstmTest, OneStepIsTheSequenceOfOne) {
  const OneNode node("LSTM", {{0, 4}}, LstmInputs(MakeTensor<float>({1, 1}, {0.7f}), {}), {});
  ASSERT_TRUE(node.status().ok()) << node.status().message();
  EXPECT_NEAR(node.Expected().data<float>()[0], Expect({0.7f}, {}, 0)[0], 1e-6);
}

TEST(LstmTest, TimeMajorIsTheSameSequence) {
  const std::vector<float> x = {1.0f, -0.5f, 2.0f};
  const OneNode node("UNIDIRECTIONAL_SEQUENCE_LSTM", {{0, 4}, {3, 1}}, LstmInputs(MakeTensor<float>({3, 1, 1}, x), {}),
                     {});
  ASSERT_TRUE(node.status().ok()) << node.status().message();
  EXPECT_NEAR(node.Expected().data<float>()[2], Expect(x, {}, 0)[2], 1e-6);
}

TEST(LstmTest, LayerNormalizationLeavesASingleCellItsBias) {
  // One number minus its own mean is zero, so every gate is its bias alone.
  auto inputs = LstmInputs(MakeTensor<float>({1, 1}, {0.7f}), {});
  for (int gate = 0; gate < 4; ++gate) inputs.push_back(One({1}, 3.0f));
  const OneNode node("LSTM", {{0, 4}}, std::move(inputs), {});
  ASSERT_TRUE(node.status().ok()) << node.status().message();
  const Scalars s;
  const double cell = Sigmoid(s.bias[0]) * std::tanh(s.bias[2]);
  EXPECT_NEAR(node.Expected().data<float>()[0], Sigmoid(s.bias[3]) * std::tanh(cell), 1e-6);
}

TEST(LstmTest, MissingAndMisshapenWeightsAreRefused) {
  auto no_bias = LstmInputs(MakeTensor<float>({1, 1}, {0.7f}), {});
  no_bias[13] = nullptr;
  EXPECT_EQ(OneNode("LSTM", {{0, 4}}, std::move(no_bias), {}).status().message(), "input 13 is left out but needed");
  auto wide = LstmInputs(MakeTensor<float>({1, 2}, {0.7f, 1}), {});
  EXPECT_EQ(OneNode("LSTM", {{0, 4}}, std::move(wide), {}).status().message(), "input 1 has shape 1x1, must be 1x2");
  EXPECT_FALSE(OneNode("LSTM", {{0, 4}}, Inputs(RandomTensor({1, 1}, 1)), {}).status().ok());
  EXPECT_FALSE(OneNode("LSTM", {{3, 1}}, LstmInputs(RandomTensor({1, 1}, 1), {}), {}).status().ok());
}

TEST(SvdfTest, TheNewestPlaceHoldsTheInputAndTheStateTheRest) {
  // Two filters of one unit; memory of two places.
  const OneNode node("SVDF", {{0, 2}, {1, 0}},
                     Inputs(MakeTensor<float>({1, 2}, {1, 2}), MakeTensor<float>({2, 2}, {1, 1, 2, 0}),
                            MakeTensor<float>({2, 2}, {10, 1, 20, 3}), MakeTensor<float>({1}, {0.5f}),
                            MakeTensor<float>({1, 4}, {0.25f, 99, 0.125f, 99})),
                     {});
  ASSERT_TRUE(node.status().ok()) << node.status().message();
  // Filter 0: 10 * 0.25 + 1 * 3; filter 1: 20 * 0.125 + 3 * 2.
  EXPECT_FLOAT_EQ(node.Expected().data<float>()[0], 0.5f + 5.5f + 8.5f);
}

TEST(SvdfTest, AStateOfAnotherSizeIsRefused) {
  auto inputs = Inputs(RandomTensor({1, 4}, 1), RandomTensor({6, 4}, 2), RandomTensor({6, 7}, 3), RandomTensor({6}, 4),
                       RandomTensor({1, 9}, 5));
  EXPECT_EQ(OneNode("SVDF", {{0, 1}}, std::move(inputs), {}).status().message(), "state of shape 1x9, must be 1x42");
}

}  // namespace
}  // namespace safelight
