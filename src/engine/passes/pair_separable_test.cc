// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include "engine/passes/support/network_for_tests.h"

namespace safelight::testing_passes {
namespace {

using testing::ElementsAre;

constexpr char kPass[] = "pair_separable";
constexpr int kStrideW = 1, kStrideH = 2;

TEST(PairSeparableTest, PairsBecomeOneNodeEachWithTheSameBits) {
  Network net;
  ValueId v = net.Conv(net.Input({1, 13, 100, 3}), 16, {{kStrideW, 2}, {kStrideH, 2}});
  for (const int64_t out : {16, 24, 5}) v = net.Conv(net.Depthwise(v, {{4, 1}}), out, {{3, 1}}, 1);
  net.Outputs({net.Conv(net.Depthwise(v, {{kStrideW, 2}, {kStrideH, 2}}, 5), 9, {}, 1)});
  const Graph after = AfterPass(net.graph, kPass);
  EXPECT_THAT(Names(after), ElementsAre("CONV_2D", "SEPARABLE_CONV_2D", "SEPARABLE_CONV_2D", "SEPARABLE_CONV_2D",
                                        "SEPARABLE_CONV_2D"));
  EXPECT_THAT(after.nodes[1].file_nodes, ElementsAre(1, 2));
  ExpectSameResults(net.graph, {kPass});
}

TEST(PairSeparableTest, WhatOtherPassesPutBehindTheSecondComesAlong) {
  Network net;
  const ValueId in = net.Input({1, 9, 20, 8});
  const ValueId sum = net.Op("ADD", {net.Conv(net.Depthwise(in), 8, {}, 1), in});
  const ValueId sloped = net.Op("PRELU", {net.Conv(net.Depthwise(sum), 8, {}, 1), net.Random({8})});
  net.Outputs({net.Op("ADD", {sloped, sum})});
  const std::vector<std::string_view> all{"fuse_activation", "fuse_residual", kPass};
  EXPECT_EQ(AfterPass(AfterPass(AfterPass(net.graph, all[0]), all[1]), kPass).nodes.size(), 2u);
  ExpectSameResults(net.graph, all);
}

TEST(PairSeparableTest, OthersStayTwo) {
  Network net;
  const ValueId in = net.Input({1, 8, 9, 4});
  const ValueId shared = net.Depthwise(in), wide = net.Depthwise(in), strided = net.Depthwise(in),
                grouped = net.Depthwise(in);
  const ValueId computed =
      net.Op("CONV_2D", {net.Depthwise(in), net.Op("RELU", {net.Input({3, 1, 1, 4})})}, {{kStrideW, 1}, {kStrideH, 1}});
  net.Outputs({net.Conv(shared, 3, {}, 1), shared, net.Conv(wide, 3), computed,
               net.Conv(strided, 3, {{kStrideW, 2}, {kStrideH, 2}}, 1),
               net.Op("CONV_2D", {grouped, net.Random({4, 1, 1, 2})}, {{kStrideW, 1}, {kStrideH, 1}})});
  EXPECT_EQ(AfterPass(net.graph, kPass).nodes.size(), net.graph.nodes.size());
}

}  // namespace
}  // namespace safelight::testing_passes
