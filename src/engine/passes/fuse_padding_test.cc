// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include "engine/passes/support/network_for_tests.h"

namespace safelight::testing_passes {
namespace {

using testing::ElementsAre;

constexpr char kPass[] = "fuse_padding";
constexpr int kPadding = 0, kStrideW = 1, kStrideH = 2, kDilationW = 4, kSame = 0, kValid = 1;

TEST(FusePaddingTest, ZerosAroundThePictureAreLeftToTheConvolution) {
  for (const int padding : {kSame, kValid}) {
    for (const int stride : {1, 2, 3}) {
      for (const int height : {8, 9, 10}) {
        Network net;
        const ValueId padded = net.Op("PAD", {net.Input({1, height, 11, 3}), net.Ints({0, 0, 1, 2, 0, 3, 0, 0})});
        const ValueId conv = net.Conv(padded, 5, {{kPadding, padding}, {kStrideW, stride}, {kStrideH, stride}});
        net.Outputs({conv});
        const Graph after = AfterPass(net.graph, kPass);
        EXPECT_THAT(Names(after), ElementsAre("CONV_2D"));
        EXPECT_THAT(after.nodes[0].file_nodes, ElementsAre(1, 0));
        ExpectSameResults(net.graph, {kPass});
      }
    }
  }
}

TEST(FusePaddingTest, DilatedStridedAndDepthwiseConvolutionsPadForThemselves) {
  Network net;
  const ValueId in = net.Input({2, 8, 9, 4});
  const ValueId padded = net.Op("PADV2", {in, net.Ints({0, 0, 2, 2, 2, 2, 0, 0}), net.Scalar(0)});
  const ValueId wide = net.Conv(padded, 5, {{kPadding, kValid}, {kDilationW, 2}});
  const ValueId depthwise = net.Depthwise(padded, {{kPadding, kValid}, {kStrideH, 3}});
  // A stride wider than the filter leaves the last columns out.
  net.Outputs({wide, depthwise, net.Conv(padded, 2, {{kStrideW, 5}}, 1)});
  EXPECT_THAT(Names(AfterPass(net.graph, kPass)), ElementsAre("CONV_2D", "DEPTHWISE_CONV_2D", "CONV_2D"));
  ExpectSameResults(net.graph, {kPass});
}

TEST(FusePaddingTest, PaddingThatOthersReadIsKeptForThem) {
  Network net;
  const ValueId padded = net.Op("PAD", {net.Input({1, 8, 9, 2}), net.Ints({0, 0, 1, 1, 1, 1, 0, 0})});
  net.Outputs({net.Conv(padded, 3), padded});
  const Graph after = AfterPass(net.graph, kPass);
  EXPECT_THAT(Names(after), ElementsAre("PAD", "CONV_2D"));
  EXPECT_EQ(after.nodes[1].inputs[0], net.graph.inputs[0]);
  ExpectSameResults(net.graph, {kPass});
}

TEST(FusePaddingTest, OtherNumbersAndChannelsArePaddedAsBefore) {
  Network net;
  const ValueId in = net.Input({1, 6, 7, 2});
  const ValueId ones = net.Op("PADV2", {in, net.Ints({0, 0, 1, 1, 1, 1, 0, 0}), net.Scalar(1)});
  const ValueId deep = net.Op("PAD", {in, net.Ints({0, 0, 0, 0, 0, 0, 0, 1})});
  net.Outputs({net.Conv(ones, 3), net.Conv(deep, 3)});
  EXPECT_EQ(AfterPass(net.graph, kPass).nodes.size(), 4u);
}

}  // namespace
}  // namespace safelight::testing_passes
