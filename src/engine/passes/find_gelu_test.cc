// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include "engine/passes/support/network_for_tests.h"

namespace safelight::testing_passes {
namespace {

using testing::ElementsAre;

constexpr char kPass[] = "find_gelu";

TEST(FindGeluTest, CubesOfProductsInAnyOrder) {
  for (const float cubic : {0.044715f, 0.05f}) {
    Network net;
    const ValueId x = net.Conv(net.Input({1, 6, 7, 4}), 4);
    const ValueId cube = net.Op("MUL", {net.Op("MUL", {x, net.Op("MUL", {x, x})}), net.Scalar(cubic)});
    const ValueId inner = net.Op("MUL", {net.Scalar(0.79788458f), net.Op("ADD", {cube, x})});
    const ValueId sum = net.Op("ADD", {net.Scalar(1), net.Op("TANH", {inner})});
    net.Outputs({net.Op("MUL", {net.Op("MUL", {sum, net.Scalar(0.5f)}), x})});
    if (cubic == 0.05f) {
      EXPECT_EQ(AfterPass(net.graph, kPass).nodes.size(), net.graph.nodes.size());
      continue;
    }
    EXPECT_THAT(Names(AfterPass(net.graph, kPass)), ElementsAre("CONV_2D", "GELU"));
    ExpectSameResults(net.graph, {kPass}, 1e-6f);
  }
}

TEST(FindGeluTest, PowersAndHalvesOfX) {
  Network net;
  const ValueId x = net.Op("MUL", {net.Input({1, 6, 7, 4}), net.Input({1, 6, 7, 4})});
  const ValueId cube = net.Op("MUL", {net.Op("POW", {x, net.Scalar(3)}), net.Scalar(0.044715f)});
  const ValueId inner = net.Op("MUL", {net.Op("ADD", {x, cube}), net.Scalar(0.79788458f)});
  const ValueId sum = net.Op("ADD", {net.Op("TANH", {inner}), net.Scalar(1)});
  net.Outputs({net.Op("MUL", {net.Op("MUL", {x, net.Scalar(0.5f)}), sum})});
  EXPECT_THAT(Names(AfterPass(net.graph, kPass)), ElementsAre("MUL", "GELU"));
  ExpectSameResults(net.graph, {kPass}, 1e-6f);
}

TEST(FindGeluTest, SquaresWithinTheTanh) {
  Network net;
  const ValueId x = net.Input({1, 6, 7, 4});
  const ValueId square = net.Op("MUL", {net.Op("SQUARE", {x}), net.Scalar(0.044715f)});
  const ValueId factor = net.Op("ADD", {square, net.Scalar(1)});
  const ValueId inner = net.Op("MUL", {net.Op("MUL", {x, net.Scalar(0.79788458f)}), factor});
  const ValueId sum = net.Op("ADD", {net.Op("TANH", {inner}), net.Scalar(1)});
  net.Outputs({net.Op("MUL", {net.Scalar(0.5f), net.Op("MUL", {x, sum})})});
  EXPECT_THAT(Names(AfterPass(net.graph, kPass)), ElementsAre("GELU"));
  ExpectSameResults(net.graph, {kPass}, 1e-6f);
}

TEST(FindGeluTest, LimitsAndOtherValuesAreNotLookedThrough) {
  Network net;
  const ValueId x = net.Input({1, 6, 7, 4}), y = net.Input({1, 6, 7, 4});
  const ValueId cube = net.Op("MUL", {net.Op("POW", {x, net.Scalar(3)}), net.Scalar(0.044715f)});
  const ValueId inner = net.Op("MUL", {net.Op("ADD", {x, cube}), net.Scalar(0.79788458f)});
  const ValueId sum = net.Op("ADD", {net.Op("TANH", {inner}), net.Scalar(1)});
  net.Outputs({net.Op("MUL", {net.Op("MUL", {y, net.Scalar(0.5f)}), sum}),
               net.Op("MUL", {net.Op("MUL", {x, net.Scalar(0.5f)}), sum}, {{0, 1}})});
  EXPECT_EQ(AfterPass(net.graph, kPass).nodes.size(), net.graph.nodes.size());
}

}  // namespace
}  // namespace safelight::testing_passes
