// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include "engine/passes/support/network_for_tests.h"

namespace safelight::testing_passes {
namespace {

using testing::ElementsAre;

constexpr char kPass[] = "fold_scales";
constexpr int kActivation = 3;

TEST(FoldScalesTest, ABatchNormGoesIntoTheConvolutionBeforeIt) {
  for (const bool depthwise : {false, true}) {
    Network net;
    const ValueId in = net.Input({2, 9, 11, 6});
    ValueId v = depthwise ? net.Depthwise(in) : net.Op("CONV_2D", {in, net.Random({6, 3, 3, 6})}, {{1, 1}, {2, 1}});
    v = net.Op("ADD", {net.Op("MUL", {v, net.Random({1, 1, 1, 6})}), net.Random({6})}, {{0, 1}});
    net.Outputs({v});
    const Graph after = AfterPass(net.graph, kPass);
    ASSERT_EQ(after.nodes.size(), 1u);
    EXPECT_THAT(after.nodes[0].file_nodes, testing::UnorderedElementsAre(0, 1, 2));
    ExpectSameResults(net.graph, {kPass}, 2e-6f);
  }
}

TEST(FoldScalesTest, DifferencesAndQuotients) {
  Network net;
  const ValueId in = net.Input({1, 9, 11, 4});
  const ValueId divided = net.Op("DIV", {net.Conv(in, 4), net.Scalar(3)});
  const ValueId turned = net.Op("SUB", {net.Scalar(1), net.Conv(in, 4)});
  net.Outputs({net.Op("SUB", {divided, net.Random({4})}), turned});
  EXPECT_THAT(Names(AfterPass(net.graph, kPass)), ElementsAre("CONV_2D", "CONV_2D"));
  ExpectSameResults(net.graph, {kPass}, 2e-6f);
}

TEST(FoldScalesTest, FactorsOfTheInputGoIntoTheWeights) {
  for (const bool depthwise : {false, true}) {
    Network net;
    const ValueId in = net.Op("MUL", {net.Random({4}), net.Input({1, 9, 11, 4})});
    net.Outputs(
        {depthwise ? net.Op("DEPTHWISE_CONV_2D", {in, net.Random({1, 3, 3, 8})}, {{1, 1}, {2, 1}}) : net.Conv(in, 5)});
    EXPECT_EQ(AfterPass(net.graph, kPass).nodes.size(), 1u);
    ExpectSameResults(net.graph, {kPass}, 2e-6f);
  }
}

TEST(FoldScalesTest, WhatIsNotAConstantByChannelStays) {
  Network net;
  const ValueId in = net.Input({1, 9, 4, 4});
  const ValueId limited = net.Conv(in, 4, {{kActivation, 1}}), shared = net.Conv(in, 4);
  net.Outputs({net.Op("MUL", {limited, net.Scalar(2)}), net.Op("MUL", {shared, net.Scalar(2)}), shared,
               net.Op("MUL", {net.Conv(in, 4), net.Random({4, 1})}), net.Op("DIV", {net.Scalar(1), net.Conv(in, 4)}),
               net.Conv(net.Op("ADD", {in, net.Scalar(1)}), 4)});
  EXPECT_EQ(AfterPass(net.graph, kPass).nodes.size(), net.graph.nodes.size());
}

}  // namespace
}  // namespace safelight::testing_passes
