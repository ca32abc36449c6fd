// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include "engine/passes/support/network_for_tests.h"

namespace safelight::testing_passes {
namespace {

using testing::ElementsAre;

constexpr char kPass[] = "merge_pointwise";
constexpr int kActivation = 3;

TEST(MergePointwiseTest, AConvolutionTakesTheOneAfterIt) {
  for (const int64_t size : {1, 3}) {
    Network net;
    const ValueId in = net.Input({2, 9, 11, 4});
    const ValueId first = net.Conv(in, 8, {{1, 2}}, size);
    net.Outputs({net.Conv(first, 5, {{kActivation, 1}}, 1)});
    const Graph after = AfterPass(net.graph, kPass);
    EXPECT_THAT(Names(after), ElementsAre("CONV_2D"));
    EXPECT_THAT(after.nodes[0].file_nodes, testing::UnorderedElementsAre(0, 1));
    ExpectSameResults(net.graph, {kPass}, 2e-6f);
  }
}

TEST(MergePointwiseTest, BiasesMayBeLeftOut) {
  Network net;
  const ValueId in = net.Input({1, 9, 11, 4});
  const ValueId first = net.Op("CONV_2D", {in, net.Random({4, 1, 1, 4})}, {{1, 1}, {2, 1}});
  net.Outputs({net.Op("CONV_2D", {net.Conv(first, 4, {}, 1), net.Random({4, 1, 1, 4})}, {{1, 1}, {2, 1}})});
  EXPECT_THAT(Names(AfterPass(net.graph, kPass)), ElementsAre("CONV_2D"));
  ExpectSameResults(net.graph, {kPass}, 2e-6f);
}

TEST(MergePointwiseTest, WhatIsNotLinearOrCostsMoreStays) {
  Network net;
  const ValueId in = net.Input({1, 9, 11, 8});
  const ValueId limited = net.Conv(in, 8, {{kActivation, 1}}, 1), narrow = net.Conv(in, 2, {}, 1);
  const ValueId shared = net.Conv(in, 8, {}, 1);
  net.Outputs({net.Conv(limited, 4, {}, 1), net.Conv(narrow, 8, {}, 1), net.Conv(shared, 4, {}, 1), shared,
               net.Conv(net.Conv(in, 4), 4)});
  EXPECT_EQ(AfterPass(net.graph, kPass).nodes.size(), net.graph.nodes.size());
}

}  // namespace
}  // namespace safelight::testing_passes
