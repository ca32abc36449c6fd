// SPDX-License-Identifier: Apache-2.0
#include "quantize/clean_up.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/half.h"
#include "quantize/network_for_tests.h"

namespace safelight {
namespace {

using ::testing::HasSubstr;

constexpr int kAddOptions = 11, kMulOptions = 21, kSubOptions = 28;

void ExpectNear(const std::vector<float>& a, const std::vector<float>& b) {
  ASSERT_EQ(a.size(), b.size());
  float most = 0;
  for (const float x : b) most = std::max(most, std::abs(x));
  for (size_t i = 0; i < a.size(); ++i) ASSERT_NEAR(a[i], b[i], 1e-5f * most) << i;
}

std::vector<std::string> OpsOf(FileTree* tree) {
  FileNetwork network(tree);
  std::vector<std::string> ops;
  for (int n = 0; n < network.num_nodes(); ++n) ops.push_back(network.Op(n));
  return ops;
}

void CleanUpAndCompare(FileNetworkForTests* net, const std::vector<std::string>& ops) {
  const std::vector<float> before = RunFloat(net->tree);
  FileNetwork network(&net->tree);
  std::vector<std::string> notes;
  const Status status = CleanUp(&network, &notes);
  ASSERT_TRUE(status.ok()) << status.message();
  EXPECT_EQ(OpsOf(&net->tree), ops);
  ExpectNear(RunFloat(net->tree), before);
}

TEST(CleanUpTest, ScalesShiftsAndActivationsGoIntoTheLayer) {
  FileNetworkForTests net;
  const std::vector<int32_t> shape = {1, 6, 7, 4};
  int t = net.Conv(net.Input("x", {1, 6, 7, 3}), "conv", 3, 4, shape);
  t = net.Node("MUL", {t, net.Random("scale", {4})}, net.Value("scaled", shape), kMulOptions, {{0, 'b', 0}});
  t = net.Node("SUB", {net.Random("from", {1, 1, 1, 4}), t}, net.Value("turned", shape), kSubOptions, {{0, 'b', 0}});
  t = net.Node("ADD", {t, net.Random("shift", {})}, net.Value("shifted", shape), kAddOptions, {{0, 'b', 0}});
  net.main().outputs.push_back(net.Node("RELU6", {t}, net.Value("y", shape)));
  CleanUpAndCompare(&net, {"CONV_2D"});
  EXPECT_EQ(net.main().tensors[static_cast<size_t>(net.main().outputs[0])].name, "y");
}

TEST(CleanUpTest, ActivationsGoAheadOfMoves) {
  FileNetworkForTests net;
  const int conv = net.Conv(net.Input("x", {1, 6, 7, 3}), "conv", 3, 4, {1, 6, 7, 4});
  const int moved = net.Node("DEPTH_TO_SPACE", {conv}, net.Value("moved", {1, 12, 14, 1}), 94, {{0, 'i', 2}});
  net.main().outputs.push_back(net.Node("RELU", {moved}, net.Value("y", {1, 12, 14, 1})));
  CleanUpAndCompare(&net, {"CONV_2D", "DEPTH_TO_SPACE"});
}

TEST(CleanUpTest, WhatOthersReadStays) {
  FileNetworkForTests net;
  const std::vector<int32_t> shape = {1, 6, 7, 4};
  const int conv = net.Conv(net.Input("x", {1, 6, 7, 3}), "conv", 3, 4, shape);
  const int scaled =
      net.Node("MUL", {conv, net.Random("scale", {4})}, net.Value("scaled", shape), kMulOptions, {{0, 'b', 0}});
  net.main().outputs.push_back(net.Node("ADD", {scaled, conv}, net.Value("y", shape), kAddOptions, {{0, 'b', 0}}));
  CleanUpAndCompare(&net, {"CONV_2D", "MUL", "ADD"});
}

TEST(CleanUpTest, SquaresNegationsAndQuotientsBecomeProducts) {
  FileNetworkForTests net;
  const std::vector<int32_t> shape = {1, 6, 7, 3};
  int t = net.Node("SQUARE", {net.Input("x", shape)}, net.Value("squared", shape));
  t = net.Node("NEG", {t}, net.Value("negated", shape));
  t = net.Node("DIV", {t, net.Constant<float>("by", {3}, {2, -4, 0.1f})}, net.Value("divided", shape), 29,
               {{0, 'b', 1}});
  net.main().outputs.push_back(t);
  CleanUpAndCompare(&net, {"MUL", "MUL", "MUL"});
}

TEST(CleanUpTest, HalvesBecomeFloats) {
  FileNetworkForTests net;
  const std::vector<int32_t> shape = {1, 6, 7, 4};
  net.main().outputs.push_back(net.Conv(net.Input("x", {1, 6, 7, 3}), "conv", 3, 4, shape));
  FileNode& conv = net.main().nodes[0];
  const int weights = conv.inputs[1];
  const std::vector<float> floats = FileNetwork(&net.tree).Floats(weights);
  std::vector<uint16_t> halves;
  for (const float x : floats) halves.push_back(FloatToHalf(x));
  FileTensor half = net.main().tensors[static_cast<size_t>(weights)];
  half.type = kFileFloat16;
  half.buffer = net.tree.AddBuffer(std::as_bytes(std::span<const uint16_t>(halves)));
  net.main().tensors[static_cast<size_t>(weights)].buffer = 0;
  net.main().tensors.push_back(half);
  net.Node("DEQUANTIZE", {static_cast<int32_t>(net.main().tensors.size()) - 1}, weights);
  std::rotate(net.main().nodes.begin(), net.main().nodes.end() - 1, net.main().nodes.end());
  CleanUpAndCompare(&net, {"CONV_2D"});
}

TEST(CleanUpTest, EqualizedLayersComputeTheSameWithLikeWeights) {
  FileNetworkForTests net;
  const std::vector<int32_t> shape = {1, 6, 7, 4};
  const int first = net.Conv(net.Input("x", {1, 6, 7, 3}), "first", 3, 4, shape, 1);
  net.main().outputs.push_back(net.Conv(first, "second", 4, 2, {1, 6, 7, 2}));
  FileNetwork network(&net.tree);
  const int weights = net.main().nodes[0].inputs[1];
  std::vector<float> floats = network.Floats(weights);
  for (size_t i = 0; i < floats.size() / 4; ++i) floats[i] *= 100;  // one channel stands out
  net.main().tensors[static_cast<size_t>(weights)].buffer =
      net.tree.AddBuffer(std::as_bytes(std::span<const float>(floats)));
  const std::vector<float> before = RunFloat(net.tree);
  std::vector<std::string> notes;
  ASSERT_TRUE(EqualizeLayers(&network, &notes).ok());
  ExpectNear(RunFloat(net.tree), before);
  const std::vector<float> after = network.Floats(net.main().nodes[0].inputs[1]);
  float most = 0, least = 1e9f;
  for (size_t c = 0; c < 4; ++c) {
    float of_channel = 0;
    for (size_t i = 0; i < 27; ++i) of_channel = std::max(of_channel, std::abs(after[c * 27 + i]));
    most = std::max(most, of_channel);
    least = std::min(least, of_channel);
  }
  EXPECT_LT(most, 15 * least);
}

TEST(CleanUpTest, WhatCannotBeQuantizedIsNamed) {
  FileNetworkForTests net;
  net.main().outputs.push_back(net.Conv(net.Input("x", {1, 6, 7, 3}), "conv", 3, 4, {1, 6, 7, 4}));
  net.Constant<float>("odd", {2}, {1, std::numeric_limits<float>::quiet_NaN()});
  EXPECT_THAT(CheckFloatNetwork(FileNetwork(&net.tree)).message(), HasSubstr("constant 'odd': element 1"));
  net.main().tensors.pop_back();
  EXPECT_TRUE(CheckFloatNetwork(FileNetwork(&net.tree)).ok());
  FileTensor& weights = net.main().tensors[1];
  weights.type = kFileInt8;
  weights.quantization.scales.push_back(0.5f);
  EXPECT_THAT(CheckFloatNetwork(FileNetwork(&net.tree)).message(), HasSubstr("'conv/weights' has a scale"));
}

}  // namespace
}  // namespace safelight
