// SPDX-License-Identifier: Apache-2.0
#include "graph/limits.h"

#include <gtest/gtest.h>

#include "graph/infer.h"
#include "graph/network_for_tests.h"

namespace safelight {
namespace {

// The limits of what `last` puts behind a convolution.
template <typename Last>
std::optional<Limits> LimitsOf(const Last& last) {
  NetworkForTests net;
  const ValueId in = net.Input({1, 360, 640, 3});
  const ValueId output = last(net, net.Conv(in, 3, 12));
  Graph graph = net.Finish({output});
  const Status status = Infer(graph);
  EXPECT_TRUE(status.ok()) << status.message();
  return FindLimits(graph, output);
}

void ExpectLimits(const std::optional<Limits>& limits, double low, double high) {
  ASSERT_TRUE(limits.has_value());
  EXPECT_EQ(limits->low, low);
  EXPECT_EQ(limits->high, high);
}

TEST(LimitsTest, AClipAtTheEndIsSeenThroughWhatMovesPixels) {
  ExpectLimits(LimitsOf([](NetworkForTests& net, ValueId v) {
                 const ValueId clipped = net.Op("RELU", {net.Op("MINIMUM", {v, net.Floats({}, {255})})});
                 return net.Op("DEPTH_TO_SPACE", {clipped}, {{0, 2}});
               }),
               0, 255);
}

TEST(LimitsTest, SigmoidsHaveLimitsAlsoScaled) {
  ExpectLimits(LimitsOf([](NetworkForTests& net, ValueId v) { return net.Op("LOGISTIC", {v}); }), 0, 1);
  ExpectLimits(LimitsOf([](NetworkForTests& net, ValueId v) { return net.Op("TANH", {v}); }), -1, 1);
  ExpectLimits(
      LimitsOf([](NetworkForTests& net, ValueId v) {
        return net.Op("MUL", {net.Op("ADD", {net.Op("TANH", {v}), net.Floats({}, {1})}), net.Floats({}, {127.5})});
      }),
      0, 255);
}

TEST(LimitsTest, DequantizedOutputsHaveTheLimitsOfTheirType) {
  NetworkForTests net;
  Value value;
  value.name = "quantized";
  value.dtype = DType::kInt8;
  value.shape = {1, 360, 640, 3};
  value.quant.scales = {1};
  value.quant.zero_points = {-128};
  net.graph.inputs = {net.graph.AddValue(value)};
  const ValueId output = net.Op("DEQUANTIZE", {net.graph.inputs[0]});
  Graph graph = net.Finish({output});
  ASSERT_TRUE(Infer(graph).ok());
  ExpectLimits(FindLimits(graph, output), 0, 255);
}

TEST(LimitsTest, OutputsThatGrowWithTheirInputHaveNone) {
  EXPECT_FALSE(LimitsOf([](NetworkForTests&, ValueId v) { return v; }).has_value());
  EXPECT_FALSE(LimitsOf([](NetworkForTests& net, ValueId v) { return net.Op("RELU", {v}); }).has_value());
  EXPECT_FALSE(LimitsOf([](NetworkForTests& net, ValueId v) {
                 return net.Op("ADD", {net.Op("TANH", {v}), v});
               }).has_value());
}

}  // namespace
}  // namespace safelight
