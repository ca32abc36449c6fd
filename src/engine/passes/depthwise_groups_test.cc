// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include "engine/passes/support/network_for_tests.h"

namespace safelight::testing_passes {
namespace {

using testing::ElementsAre;

constexpr char kPass[] = "depthwise_groups";

TEST(DepthwiseGroupsTest, AGroupForEachChannelIsDepthwise) {
  for (const int64_t outputs : {6, 12}) {
    Network net;
    const ValueId in = net.Input({1, 9, 11, 6});
    net.Outputs({net.Op("CONV_2D", {in, net.Random({outputs, 3, 3, 1}), net.Random({outputs})},
                        {{0, 1}, {1, 2}, {2, 1}, {3, 1}, {5, 2}})});
    EXPECT_THAT(Names(AfterPass(net.graph, kPass)), ElementsAre("DEPTHWISE_CONV_2D"));
    ExpectSameResults(net.graph, {kPass}, 1e-6f);
  }
}

TEST(DepthwiseGroupsTest, LargerGroupsAndSingleChannelsStay) {
  Network net;
  const ValueId in = net.Input({1, 9, 11, 6}), gray = net.Input({1, 9, 11, 1});
  net.Outputs({net.Op("CONV_2D", {in, net.Random({6, 3, 3, 2})}, {{1, 1}, {2, 1}}), net.Conv(gray, 4)});
  EXPECT_THAT(Names(AfterPass(net.graph, kPass)), ElementsAre("CONV_2D", "CONV_2D"));
}

}  // namespace
}  // namespace safelight::testing_passes
