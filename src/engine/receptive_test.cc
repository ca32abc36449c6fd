// SPDX-License-Identifier: Apache-2.0
#include "engine/receptive.h"

#include <gtest/gtest.h>

#include <functional>

#include "graph/infer.h"
#include "graph/network_for_tests.h"

namespace safelight {
namespace {

// The reach, along rows, of what `write` makes of an input of this many rows.
ReachResult ReachOf(int64_t rows, const std::function<ValueId(NetworkForTests&, ValueId)>& write) {
  NetworkForTests net;
  const ValueId in = net.Input({1, rows, 40, 3});
  const ValueId output = write(net, in);
  Graph graph = net.Finish({output});
  const Status status = Infer(graph);
  EXPECT_TRUE(status.ok()) << status.message();
  return FindReach(graph, AssignAxes(graph), false);
}

void ExpectReach(const ReachResult& result, int64_t before, int64_t after, int64_t in_period, int64_t out_period) {
  ASSERT_TRUE(result.reach.has_value()) << result.why_not;
  EXPECT_EQ(result.reach->before, before);
  EXPECT_EQ(result.reach->after, after);
  EXPECT_EQ(result.reach->in_period, in_period);
  EXPECT_EQ(result.reach->out_period, out_period);
}

ValueId Valid(NetworkForTests& net, ValueId in) {
  return net.Op("CONV_2D", {in, net.Floats({3, 5, 5, 3})}, {{0, 1}, {1, 1}, {2, 1}});
}

TEST(ReceptiveTest, PaddedConvolutionsLookAsFarBackAsAhead) {
  ExpectReach(ReachOf(64, [](auto& net, ValueId in) { return net.Conv(net.Conv(in, 3, 3), 3, 3); }), 2, 2, 1, 1);
}

TEST(ReceptiveTest, APixelShuffleMakesSeveralRowsOfOne) {
  ExpectReach(ReachOf(64,
                      [](auto& net, ValueId in) {
                        return net.Op("DEPTH_TO_SPACE", {net.Conv(in, 3, 27)}, {{0, 3}});
                      }),
              1, 1, 1, 3);
}

TEST(ReceptiveTest, StridesRepeatWithTheirProduct) {
  // A window of 3 at stride 2 on an even size has its padding at the end: rows 2y to 2y + 2.
  ExpectReach(ReachOf(96, [](auto& net, ValueId in) { return net.Conv(in, 3, 3, 2); }), 0, 1, 2, 1);
  ExpectReach(
      ReachOf(96, [](auto& net, ValueId in) { return net.Resize(net.Conv(net.Conv(in, 3, 3, 2), 3, 3, 2), 96, 40); }),
      0, 3, 4, 4);
}

TEST(ReceptiveTest, WithoutPaddingAllOfItLiesAhead) {
  ExpectReach(ReachOf(64, [](auto& net, ValueId in) { return Valid(net, Valid(net, in)); }), 0, 8, 1, 1);
}

TEST(ReceptiveTest, OtherInputsOfThePicturesSizeCount) {
  NetworkForTests net;
  const ValueId frame = net.Input({1, 64, 40, 3}), state = net.Input({1, 64, 40, 3});
  const ValueId far = net.Conv(net.Conv(state, 3, 3), 3, 3);
  const ValueId output = net.Op("ADD", {frame, far});
  Graph graph = net.Finish({output});
  ASSERT_TRUE(Infer(graph).ok());
  ExpectReach(FindReach(graph, AssignAxes(graph), true), 2, 2, 1, 1);
}

TEST(ReceptiveTest, ConstantsThatAreTheSameInEveryRowDoNotHinder) {
  ExpectReach(ReachOf(64,
                      [](auto& net, ValueId in) {
                        return net.Op("ADD", {in, net.Floats({1, 64, 1, 3}, std::vector<float>(64 * 3, 0.5f))});
                      }),
              0, 0, 1, 1);
}

TEST(ReceptiveTest, WhatIsNotTheSameEverywhereHasNone) {
  EXPECT_EQ(ReachOf(64,
                    [](auto& net, ValueId in) {
                      return net.Op("ADD", {in, net.Op("MEAN", {in, net.Ints({1, 2})}, {{0, 1}})});
                    })
                .why_not,
            "node 0 MEAN 'MEAN0' needs all rows of 'input0'");
  EXPECT_EQ(ReachOf(64,
                    [](auto& net, ValueId in) {
                      return net.Op("ADD", {in, net.Floats({1, 64, 1, 3})});
                    })
                .why_not,
            "node 0 ADD 'ADD0' has constants for each of 64 rows");
  // Kept corners: row y from y * 299 / 301, which drifts by two rows over the picture.
  EXPECT_EQ(ReachOf(300,
                    [](auto& net, ValueId in) {
                      return net.Op("RESIZE_BILINEAR", {in, net.Ints({302, 40})}, {{2, 1}});
                    })
                .why_not,
            "what output rows need of the input follows no pattern that repeats");
  EXPECT_EQ(ReachOf(3, [](auto& net, ValueId in) { return net.Conv(net.Conv(in, 3, 3), 3, 3); }).why_not,
            "output rows in the middle depend on the border of the 3 input rows");
}

}  // namespace
}  // namespace safelight
