// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include "engine/passes/support/network_for_tests.h"

namespace safelight::testing_passes {
namespace {

using testing::ElementsAre;

constexpr char kPass[] = "fuse_activation";

TEST(FuseActivationTest, ChainsOfLimitsGoIntoTheConvolution) {
  Network net;
  const ValueId conv = net.Conv(net.Input({1, 9, 11, 3}), 5);
  const ValueId least = net.Op("MINIMUM", {conv, net.Scalar(2.5f)});
  net.Outputs({net.Op("RELU", {net.Op("MAXIMUM", {net.Scalar(-1), least})})});
  const Graph after = AfterPass(net.graph, kPass);
  EXPECT_THAT(Names(after), ElementsAre("CONV_2D"));
  EXPECT_THAT(after.nodes[0].file_nodes, ElementsAre(0, 1, 2, 3));
  ExpectSameResults(net.graph, {kPass});
}

TEST(FuseActivationTest, EveryOpWithLimitsTakesThem) {
  for (const char* op : {"ADD", "SUB", "MUL", "DIV"}) {
    Network net;
    const ValueId a = net.Input({1, 6, 7, 3}), b = net.Random({1, 6, 7, 3});
    net.Outputs({net.Op("RELU_N1_TO_1", {net.Op(op, {a, b})})});
    EXPECT_THAT(Names(AfterPass(net.graph, kPass)), ElementsAre(op));
    ExpectSameResults(net.graph, {kPass});
  }
  Network net;
  const ValueId depthwise = net.Op("RELU6", {net.Depthwise(net.Input({1, 8, 9, 4}))});
  const ValueId pooled = net.Op("RELU_0_TO_1", {net.Op("MAX_POOL_2D", {depthwise}, {{1, 2}, {2, 2}, {3, 2}, {4, 2}})});
  net.Outputs({net.Op("RELU", {net.Op("FULLY_CONNECTED", {pooled, net.Random({6, 4})}, {{2, 1}})})});
  EXPECT_THAT(Names(AfterPass(net.graph, kPass)), ElementsAre("DEPTHWISE_CONV_2D", "MAX_POOL_2D", "FULLY_CONNECTED"));
  ExpectSameResults(net.graph, {kPass});
}

TEST(FuseActivationTest, LimitsMoveAheadOfMovedElements) {
  Network net;
  const ValueId shuffled = net.Op("DEPTH_TO_SPACE", {net.Conv(net.Input({1, 6, 7, 2}), 12)}, {{0, 2}});
  const ValueId turned = net.Op("TRANSPOSE", {shuffled, net.Ints({0, 2, 1, 3})});
  net.Outputs({net.Op("RELU", {turned})});
  const Graph after = AfterPass(net.graph, kPass);
  EXPECT_THAT(Names(after), ElementsAre("CONV_2D", "DEPTH_TO_SPACE", "TRANSPOSE"));
  EXPECT_THAT(after.nodes[0].file_nodes, ElementsAre(0, 3));
  ExpectSameResults(net.graph, {kPass});
}

TEST(FuseActivationTest, PaddingIsNotLimitedWithTheRest) {
  Network net;
  const ValueId conv = net.Conv(net.Input({1, 6, 7, 2}), 3);
  const ValueId padded = net.Op("PAD", {conv, net.Ints({0, 0, 1, 1, 1, 1, 0, 0})});
  net.Outputs({net.Op("MAXIMUM", {padded, net.Scalar(1)})});
  EXPECT_THAT(Names(AfterPass(net.graph, kPass)), ElementsAre("CONV_2D", "PAD", "MAXIMUM"));
}

TEST(FuseActivationTest, ValuesThatOthersReadKeepTheirNumbers) {
  Network net;
  const ValueId conv = net.Conv(net.Input({1, 6, 7, 2}), 3);
  const ValueId other = net.Conv(net.graph.inputs[0], 3);
  net.Outputs({net.Op("RELU", {conv}), net.Op("ADD", {conv, conv}), other, net.Op("RELU", {other})});
  EXPECT_THAT(Names(AfterPass(net.graph, kPass)), ElementsAre("CONV_2D", "CONV_2D", "RELU", "ADD", "RELU"));
}

TEST(FuseActivationTest, NumbersThatAreNoLimitsStay) {
  Network net;
  const ValueId in = net.Input({1, 1, 1, 1});
  const ValueId sum = net.Op("ADD", {in, net.Random({1, 1, 1, 1})});
  const ValueId wide = net.Op("MAXIMUM", {sum, net.Random({1, 2, 2, 3})});
  const ValueId product = net.Op("MUL", {in, in});
  net.Outputs({wide, net.Op("MINIMUM", {product, net.Scalar(std::nanf(""))})});
  EXPECT_THAT(Names(AfterPass(net.graph, kPass)), ElementsAre("ADD", "MAXIMUM", "MUL", "MINIMUM"));
}

}  // namespace
}  // namespace safelight::testing_passes
