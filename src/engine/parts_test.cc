// SPDX-License-Identifier: Apache-2.0
//
// Values made in their place within a concatenation: nothing is copied, and no cut changes the bits.
#include "engine/parts.h"

#include "engine/passes/support/network_for_tests.h"

namespace safelight::testing_passes {
namespace {

const std::vector<std::string_view> kNoPasses = {};

// A small U-Net: what comes up again, what went past below, and a value that others read as well.
Network UNet() {
  Network net;
  const ValueId in = net.Input({2, 26, 38, 3});
  const ValueId skip = net.Conv(in, 7, {{3, 1}});
  const ValueId low = net.Conv(net.Conv(skip, 12, {{1, 2}, {2, 2}}), 12);
  const ValueId up = net.Op("RESIZE_BILINEAR", {low, net.Ints({26, 38})}, {{3, 1}});
  const ValueId past = net.Depthwise(net.Conv(in, 5));
  const ValueId both = net.Op("CONCATENATION", {up, skip, net.Op("LOGISTIC", {past}), net.Conv(in, 3)}, {{0, -1}});
  const ValueId out = net.Conv(both, 4);
  net.Outputs({net.Op("ADD", {out, net.Conv(both, 4, {}, 1)})});
  return net;
}

int CountParts(const Plan& plan) {
  int count = 0;
  for (const RingPart& part : plan.parts) count += part.host != kNone;
  return count;
}

TEST(PartsTest, WhatOnlyAConcatenationReadsIsMadeInPlace) {
  const Network net = UNet();
  const auto plan = MakePlan(net.graph, {.strip_rows = 2}, Passes(kNoPasses));
  ASSERT_TRUE(plan.ok()) << plan.status().message();
  EXPECT_EQ(CountParts(**plan), 3) << "all but the skip, which the stride reads too";
  for (size_t id = 0; id < (*plan)->parts.size(); ++id) {
    if ((*plan)->parts[id].host == kNone) continue;
    EXPECT_EQ((*plan)->storage[id].size_bytes, 0) << "no ring of its own";
  }
}

TEST(PartsTest, NoCutChangesTheBits) {
  const Network net = UNet();
  ExpectSameResults(net.graph, kNoPasses);
  ExpectSameResults(net.graph, {"fuse_activation", "pair_separable", "choose_winograd", "fuse_elements"}, 1e-5f);
  const auto truth = testing_passes::Run(net.graph, Passes(kNoPasses), {});
  for (const int team : {1, 2, 4}) {
    for (const int64_t turn : {0, 2, 9}) {
      const PlanOptions options{.threads = 4, .strip_rows = 2, .block_columns = 9, .turn_rows = turn, .team = team};
      EXPECT_EQ(testing_passes::Run(net.graph, Passes(kNoPasses), options), truth)
          << "teams of " << team << ", turns of " << turn;
    }
  }
}

TEST(PartsTest, RowsSideBySideAndConcatenationsOfConcatenationsKeepTheirRings) {
  Network net;
  const ValueId in = net.Input({1, 12, 20, 4});
  const ValueId rows = net.Op("CONCATENATION", {net.Conv(in, 4), net.Conv(in, 4)}, {{0, 1}});
  const ValueId inner = net.Op("CONCATENATION", {net.Conv(rows, 4), rows}, {{0, 3}});
  net.Outputs({net.Conv(net.Op("CONCATENATION", {inner, net.Conv(rows, 2)}, {{0, 3}}), 3)});
  const auto plan = MakePlan(net.graph, {.strip_rows = 2}, Passes(kNoPasses));
  ASSERT_TRUE(plan.ok()) << plan.status().message();
  EXPECT_EQ(CountParts(**plan), 2) << "a convolution in the inner one and one in the outer one";
  ExpectSameResults(net.graph, kNoPasses);
}

}  // namespace
}  // namespace safelight::testing_passes
