// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include "engine/passes/support/network_for_tests.h"

namespace safelight::testing_passes {
namespace {

using testing::ElementsAre;

constexpr char kPass[] = "fuse_residual";
constexpr int kActivation = 3;

TEST(FuseResidualTest, EitherOperandOfASumMayBeTheConvolution) {
  for (const bool first : {false, true}) {
    Network net;
    const ValueId in = net.Input({1, 9, 11, 4});
    const ValueId conv = net.Conv(net.Conv(in, 6, {{kActivation, 1}}), 4);
    net.Outputs({first ? net.Op("ADD", {conv, in}, {{0, 1}}) : net.Op("ADD", {in, conv}, {{0, 1}})});
    const Graph after = AfterPass(net.graph, kPass);
    EXPECT_THAT(Names(after), ElementsAre("CONV_2D", "CONV_2D"));
    EXPECT_THAT(after.nodes[1].file_nodes, ElementsAre(1, 2));
    ExpectSameResults(net.graph, {kPass});
  }
}

TEST(FuseResidualTest, ADifferenceTakesWeightsOfTheOtherSign) {
  Network net;
  const ValueId in = net.Input({2, 9, 11, 3});
  const ValueId plain = net.Op("CONV_2D", {in, net.Random({3, 3, 3, 3})}, {{1, 1}, {2, 1}});
  const ValueId rest = net.Op("SUB", {in, plain});
  net.Outputs({net.Op("SUB", {rest, net.Depthwise(net.Conv(rest, 3))}, {{0, 3}})});
  EXPECT_THAT(Names(AfterPass(net.graph, kPass)), ElementsAre("CONV_2D", "CONV_2D", "DEPTHWISE_CONV_2D"));
  ExpectSameResults(net.graph, {kPass});
}

TEST(FuseResidualTest, ARowOfBlocksKeepsOneConvolutionForEachSum) {
  Network net;
  ValueId v = net.Conv(net.Input({1, 12, 13, 3}), 8);
  const ValueId first = v;
  for (int i = 0; i < 3; ++i) v = net.Op("ADD", {v, net.Conv(net.Conv(v, 8, {{kActivation, 1}}), 8)});
  v = net.Op("ADD", {first, net.Conv(v, 8)});
  net.Outputs({net.Op("MINIMUM", {net.Conv(v, 4), net.Scalar(1)})});
  const Graph after = AfterPass(net.graph, kPass);
  EXPECT_EQ(after.nodes.size(), 10u);
  ExpectSameResults(net.graph, {"fuse_activation", kPass});
}

TEST(FuseResidualTest, AnActivationOfTheConvolutionComesBeforeTheSum) {
  Network net;
  const ValueId in = net.Input({1, 9, 11, 4});
  const ValueId limited = net.Conv(in, 4, {{kActivation, 1}});
  const ValueId sloped = net.Op("PRELU", {net.Conv(in, 4), net.Random({1, 1, 4})});
  net.Outputs({net.Op("ADD", {net.Op("ADD", {in, limited}), sloped})});
  EXPECT_EQ(AfterPass(AfterPass(net.graph, "fuse_activation"), kPass).nodes.size(), 2u);
  ExpectSameResults(net.graph, {"fuse_activation", kPass});
}

TEST(FuseResidualTest, TwoActivationsAreTooMany) {
  Network net;
  const ValueId in = net.Input({1, 9, 11, 4});
  const ValueId limited = net.Conv(in, 4, {{kActivation, 1}});
  const ValueId other = net.Conv(in, 4, {{kActivation, 1}});
  net.Outputs({net.Op("ADD", {in, limited}, {{0, 1}}), net.Op("SUB", {in, other})});
  EXPECT_EQ(AfterPass(net.graph, kPass).nodes.size(), 4u);
}

TEST(FuseResidualTest, ConvolutionsThatOthersReadAndBroadcastsStay) {
  Network net;
  const ValueId in = net.Input({1, 6, 7, 4});
  const ValueId shared = net.Conv(in, 4), narrow = net.Conv(in, 1), plain = net.Conv(in, 4);
  net.Outputs({net.Op("ADD", {in, shared}), net.Op("MUL", {shared, in}), net.Op("ADD", {in, narrow}),
               net.Op("ADD", {plain, net.Random({4})})});
  EXPECT_EQ(AfterPass(net.graph, kPass).nodes.size(), net.graph.nodes.size());
}

TEST(FuseResidualTest, WhatWaitsForAnotherPhaseIsNotHeldUpByASum) {
  Network net;
  const ValueId in = net.Input({1, 8, 8, 4});
  const ValueId conv = net.Conv(in, 4);
  const ValueId mean = net.Op("MEAN", {conv, net.Ints({1, 2})}, {{0, 1}});
  const ValueId scaled = net.Op("MUL", {in, mean});
  net.Outputs({net.Op("ADD", {scaled, net.Conv(conv, 4)})});
  ExpectSameResults(net.graph, {kPass});
}

}  // namespace
}  // namespace safelight::testing_passes
