// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include "engine/passes/support/network_for_tests.h"

namespace safelight::testing_passes {
namespace {

using testing::ElementsAre;

constexpr char kPass[] = "compose_resize";
constexpr int kActivation = 3, kAlign = 2, kHalfPixels = 3;

ValueId Enlarge(Network& net, ValueId in, int h, int w, int option = kHalfPixels) {
  return net.Op("RESIZE_BILINEAR", {in, net.Ints({h, w})}, {{option, 1}});
}

TEST(ComposeResizeTest, BilinearResizesOfBothKindsAreTheSameConvolution) {
  for (const bool half : {true, false}) {
    Network net;
    const ValueId in = net.Input({1, 9, 11, 16});
    const ValueId up = net.Op("RESIZE_BILINEAR", {in, net.Ints({18, 22})}, {{kHalfPixels, half ? 1 : 0}});
    net.Outputs({net.Conv(up, 3, {{kActivation, 1}})});
    const Graph after = AfterPass(net.graph, kPass);
    EXPECT_THAT(Names(after), ElementsAre("CONV_2D_SHUFFLE"));
    EXPECT_THAT(after.nodes[0].file_nodes, ElementsAre(0, 1));
    ExpectSameResults(net.graph, {kPass}, 2e-5f);
  }
}

TEST(ComposeResizeTest, FactorsMayDifferAndANearestNeighbourIsOnlyRepeated) {
  Network net;
  const ValueId in = net.Input({2, 8, 9, 12});
  const ValueId near = net.Op("RESIZE_NEAREST_NEIGHBOR", {in, net.Ints({16, 18})});
  net.Outputs({net.Conv(Enlarge(net, in, 32, 18), 2), net.Conv(near, 8)});
  EXPECT_THAT(Names(AfterPass(net.graph, kPass)), ElementsAre("CONV_2D_SHUFFLE", "CONV_2D_SHUFFLE"));
  ExpectSameResults(net.graph, {kPass}, 2e-5f);
}

TEST(ComposeResizeTest, TheTailStaysWithTheLargePicture) {
  Network net;
  const ValueId in = net.Input({1, 8, 10, 16});
  const ValueId conv = net.Op("PRELU", {net.Conv(Enlarge(net, in, 16, 20), 4), net.Random({4})});
  net.Outputs({net.Op("ADD", {conv, net.Input({1, 16, 20, 4})})});
  const Graph after = AfterPass(AfterPass(AfterPass(net.graph, "fuse_activation"), "fuse_residual"), kPass);
  EXPECT_THAT(Names(after), ElementsAre("CONV_2D_SHUFFLE"));
  ExpectSameResults(net.graph, {"fuse_activation", "fuse_residual", kPass}, 2e-5f);
}

TEST(ComposeResizeTest, OtherFactorsFiltersAndReadersStay) {
  Network net;
  const ValueId in = net.Input({1, 8, 8, 16});
  const ValueId shared = Enlarge(net, in, 16, 16);
  net.Outputs({net.Conv(shared, 4), shared, net.Conv(Enlarge(net, in, 16, 16, kAlign), 4),
               net.Conv(Enlarge(net, in, 24, 24), 4),            // thirds are not exact
               net.Conv(Enlarge(net, in, 12, 16), 4),            // no whole factor
               net.Conv(Enlarge(net, in, 16, 16), 4, {}, 5),     // reaches too far
               net.Conv(Enlarge(net, in, 16, 16), 4, {{0, 1}}),  // loses a border
               net.Conv(Enlarge(net, in, 16, 16), 4, {{1, 2}}), net.Conv(Enlarge(net, net.Conv(in, 3), 16, 16), 4)});
  EXPECT_EQ(AfterPass(net.graph, kPass).nodes.size(), net.graph.nodes.size());
}

}  // namespace
}  // namespace safelight::testing_passes
