// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include "engine/passes/support/network_for_tests.h"

namespace safelight::testing_passes {
namespace {

using testing::ElementsAre;

constexpr char kPass[] = "delay_resize";
constexpr int kActivation = 3, kHalfPixels = 3;

ValueId Enlarge(Network& net, ValueId in, int h, int w) {
  return net.Op("RESIZE_BILINEAR", {in, net.Ints({h, w})}, {{kHalfPixels, 1}});
}

TEST(DelayResizeTest, AConvolutionOfAnEnlargedPictureAndASkipIsSplit) {
  for (const bool first : {true, false}) {
    Network net;
    const ValueId in = net.Input({1, 14, 18, 6});
    const ValueId up = Enlarge(net, net.Conv(in, 24, {{1, 2}, {2, 2}}), 14, 18);
    const ValueId both = net.Op("CONCATENATION", first ? std::vector{up, in} : std::vector{in, up}, {{0, 3}});
    net.Outputs({net.Op("PRELU", {net.Conv(both, 5, {}, 1), net.Random({5})})});
    const Graph after = AfterPass(AfterPass(net.graph, "fuse_activation"), kPass);
    EXPECT_THAT(Names(after), ElementsAre("CONV_2D", "CONV_2D", "RESIZE_BILINEAR", "CONV_2D"));
    EXPECT_THAT(after.nodes[3].file_nodes, testing::UnorderedElementsAre(2, 3, 4));
    ExpectSameResults(net.graph, {"fuse_activation", kPass}, 1e-5f);
  }
}

TEST(DelayResizeTest, AConvolutionWithoutActivationGoesBeforeTheResize) {
  Network net;
  const ValueId in = net.Input({2, 5, 7, 16});
  net.Outputs(
      {net.Conv(Enlarge(net, in, 15, 21), 4, {}, 1), net.Conv(Enlarge(net, in, 10, 14), 4, {{kActivation, 1}}, 1)});
  EXPECT_THAT(Names(AfterPass(net.graph, kPass)),
              ElementsAre("CONV_2D", "RESIZE_BILINEAR", "RESIZE_BILINEAR", "CONV_2D"));
  ExpectSameResults(net.graph, {kPass}, 1e-5f);
}

TEST(DelayResizeTest, WhatDoesNotPayOrHasOtherReadersStays) {
  Network net;
  const ValueId in = net.Input({1, 12, 12, 16});
  const ValueId shared = Enlarge(net, in, 24, 24);
  net.Outputs({net.Conv(Enlarge(net, in, 6, 6), 8, {}, 1),  // smaller
               net.Conv(shared, 8, {}, 1), shared,
               net.Conv(Enlarge(net, net.Conv(in, 2), 24, 24), 64, {}, 1),  // many channels of few
               net.Conv(Enlarge(net, in, 24, 24), 8)});
  EXPECT_EQ(AfterPass(net.graph, kPass).nodes.size(), net.graph.nodes.size());
}

TEST(DelayResizeTest, ConcatenationsOfRowsStay) {
  Network net;
  const ValueId in = net.Input({1, 8, 12, 16});
  const ValueId rows = net.Op("CONCATENATION", {Enlarge(net, in, 16, 24), net.Input({1, 3, 24, 16})}, {{0, 1}});
  net.Outputs({net.Conv(rows, 8, {}, 1)});
  EXPECT_EQ(AfterPass(net.graph, kPass).nodes.size(), net.graph.nodes.size());
}

}  // namespace
}  // namespace safelight::testing_passes
