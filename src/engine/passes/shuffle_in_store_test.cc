// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include "engine/passes/support/network_for_tests.h"

namespace safelight::testing_passes {
namespace {

using testing::ElementsAre;

constexpr char kPass[] = "shuffle_in_store";
constexpr int kActivation = 3;

TEST(ShuffleInStoreTest, ChannelsOfAConvolutionBecomePixels) {
  Network net;
  const ValueId in = net.Input({2, 10, 12, 16});
  net.Outputs({net.Op("DEPTH_TO_SPACE", {net.Conv(in, 27, {{kActivation, 1}})}, {{0, 3}}),
               net.Op("DEPTH_TO_SPACE", {net.Conv(in, 12, {{0, 1}})}, {{0, 2}})});
  const Graph after = AfterPass(net.graph, kPass);
  EXPECT_THAT(Names(after), ElementsAre("CONV_2D_SHUFFLE", "CONV_2D_SHUFFLE"));
  EXPECT_THAT(after.nodes[1].file_nodes, ElementsAre(2, 3));
  ExpectSameResults(net.graph, {kPass}, 2e-5f);
}

TEST(ShuffleInStoreTest, SumsBeforeAndBehindGoAlong) {
  Network net;
  const ValueId in = net.Input({1, 9, 10, 3});
  const ValueId wide = net.Conv(in, 16);
  const ValueId repeated = net.Op("CONCATENATION", {in, in, in, in}, {{0, 3}});
  const ValueId before = net.Op("ADD", {net.Conv(wide, 12), repeated}, {{0, 1}});
  const ValueId large = net.Op("RESIZE_BILINEAR", {in, net.Ints({18, 20})});
  const ValueId shuffled = net.Op("DEPTH_TO_SPACE", {net.Conv(wide, 12)}, {{0, 2}});
  net.Outputs({net.Op("DEPTH_TO_SPACE", {before}, {{0, 2}}), net.Op("ADD", {large, shuffled}, {{0, 3}})});
  const Graph after = AfterPass(AfterPass(net.graph, "fuse_residual"), kPass);
  EXPECT_THAT(Names(after),
              ElementsAre("CONV_2D", "CONCATENATION", "RESIZE_BILINEAR", "CONV_2D_SHUFFLE", "CONV_2D_SHUFFLE"));
  ExpectSameResults(net.graph, {"fuse_residual", kPass}, 2e-5f);
}

TEST(ShuffleInStoreTest, OtherConvolutionsAndReadersStay) {
  Network net;
  const ValueId in = net.Input({1, 9, 10, 16});
  const ValueId shared = net.Conv(in, 16);
  const ValueId limited = net.Op("DEPTH_TO_SPACE", {net.Conv(in, 16, {{kActivation, 1}})}, {{0, 2}});
  net.Outputs({net.Op("DEPTH_TO_SPACE", {shared}, {{0, 2}}), net.Op("MUL", {shared, in}),
               net.Op("DEPTH_TO_SPACE", {net.Conv(in, 16, {{1, 2}, {2, 2}})}, {{0, 2}}),
               net.Op("DEPTH_TO_SPACE", {net.Conv(in, 16, {}, 1)}, {{0, 2}}),
               net.Op("ADD", {limited, net.Input({1, 18, 20, 4})})});
  EXPECT_THAT(Names(AfterPass(net.graph, kPass)),
              ElementsAre("CONV_2D", "CONV_2D_SHUFFLE", "DEPTH_TO_SPACE", "MUL", "CONV_2D", "DEPTH_TO_SPACE", "CONV_2D",
                          "DEPTH_TO_SPACE", "ADD"));
}

}  // namespace
}  // namespace safelight::testing_passes
