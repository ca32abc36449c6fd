// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include "engine/axes.h"
#include "engine/passes/support/network_for_tests.h"
#include "engine/phases.h"

namespace safelight::testing_passes {
namespace {

using testing::ElementsAre;

constexpr char kPass[] = "recompute_late";

// A value times its own mean: read on both sides of a barrier.
ValueId Gated(Network& net, ValueId value) {
  return net.Op("MUL", {value, net.Op("MEAN", {value, net.Ints({1, 2})}, {{0, 1}})});
}

// The mean of a value by rows, so that it does not need the value whole.
Graph Split(const Graph& graph) { return AfterPass(graph, "split_reductions"); }

bool IsWhole(const Graph& graph, ValueId value) { return AssignPhases(graph, AssignAxes(graph)).value_whole[value]; }

TEST(RecomputeLateTest, ManyChannelsFromAFewAreMadeAgain) {
  Network net;
  net.Outputs({Gated(net, net.Conv(net.Input({1, 16, 18, 3}), 32))});
  const Graph after = AfterPass(Split(net.graph), kPass);
  ASSERT_THAT(Names(after), ElementsAre("CONV_2D", "CONV_2D", "SUM", "MEAN", "MUL"));
  EXPECT_NE(after.nodes[4].inputs[0], after.nodes[2].inputs[0]);
  EXPECT_FALSE(IsWhole(after, after.nodes[4].inputs[0]));
  ExpectSameResults(net.graph, {"split_reductions", kPass}, 1e-5f);
}

TEST(RecomputeLateTest, WhatCostsMoreThanItsMemoryIsKept) {
  Network net;
  net.Outputs({Gated(net, net.Conv(net.Input({1, 16, 18, 32}), 32))});
  EXPECT_EQ(AfterPass(Split(net.graph), kPass).nodes.size(), Split(net.graph).nodes.size());
}

TEST(RecomputeLateTest, WhatIsKeptForAnotherReasonIsNotMadeAgain) {
  Network net;
  const ValueId conv = net.Conv(net.Input({1, 16, 18, 3}), 32);
  net.Outputs({Gated(net, conv), conv});
  EXPECT_EQ(AfterPass(Split(net.graph), kPass).nodes.size(), Split(net.graph).nodes.size());
}

TEST(RecomputeLateTest, WhatIsReadLateOnlyIsMadeLateFromLess) {
  for (const int64_t channels : {4, 16}) {
    Network net;
    const ValueId few = net.Conv(net.Input({1, 16, 18, 3}), 8);
    const ValueId mean = net.Op("MEAN", {few, net.Ints({1, 2})}, {{0, 1}});
    const ValueId many = net.Conv(few, channels);
    const ValueId pixel = net.Conv(mean, channels, {}, 1);
    net.Outputs({net.Op("MUL", {many, pixel})});
    EXPECT_EQ(IsWhole(Split(net.graph), few), channels == 16);
    EXPECT_EQ(IsWhole(Split(net.graph), many), channels == 4);
    ExpectSameResults(net.graph, {"split_reductions"}, 1e-5f);
  }
}

}  // namespace
}  // namespace safelight::testing_passes
