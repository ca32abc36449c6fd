// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include "engine/passes/support/network_for_tests.h"

namespace safelight::testing_passes {
namespace {

using testing::ElementsAre;

constexpr char kPass[] = "fuse_elements";

TEST(FuseElementsTest, ATreeOfOpsIsOneChain) {
  Network net;
  const ValueId in = net.Input({2, 9, 11, 5}), other = net.Input({2, 9, 11, 5});
  const ValueId square = net.Op("MUL", {in, in});
  const ValueId scaled = net.Op("MUL", {net.Op("ADD", {square, net.Scalar(0.5f)}), net.Random({5})});
  const ValueId gate = net.Op("LOGISTIC", {net.Op("SUB", {other, net.Input({2, 9, 11, 1})})});
  net.Outputs({net.Op("ADD", {net.Op("MUL", {scaled, gate}), square}, {{0, 1}})});
  const Graph after = AfterPass(net.graph, kPass);
  EXPECT_THAT(Names(after), ElementsAre("ELEMENT_CHAIN"));
  EXPECT_EQ(after.nodes[0].file_nodes.size(), 7u);
  ExpectSameResults(net.graph, {kPass}, 1e-6f);
}

TEST(FuseElementsTest, AChainHasTheBitsOfItsNodes) {
  Network net;
  const ValueId in = net.Input({1, 9, 301, 5});
  const ValueId tanh = net.Op("TANH", {net.Op("MUL", {net.Conv(in, 5), net.Scalar(1.5f)})});
  net.Outputs({net.Op("DIV", {net.Op("EXP", {tanh}), net.Op("SQUARED_DIFFERENCE", {tanh, net.Random({5})})})});
  const auto apart = testing_passes::Run(net.graph, Passes({}), {.fast = false});
  EXPECT_EQ(testing_passes::Run(net.graph, Passes({kPass}), {.fast = false}), apart);
  EXPECT_THAT(Names(AfterPass(net.graph, kPass)), ElementsAre("CONV_2D", "ELEMENT_CHAIN"));
}

TEST(FuseElementsTest, TypesMayChangeWithinAChain) {
  Network net;
  const ValueId in = net.Input({1, 9, 11, 5});
  const ValueId mask = net.Op("GREATER", {net.Op("ABS", {in}), net.Scalar(0.5f)});
  const ValueId both = net.Op("LOGICAL_AND", {mask, net.Op("LESS", {in, net.Random({5})})});
  net.Outputs({net.Op("MUL", {net.Op("CAST", {both}), net.Op("EXP", {in})})});
  EXPECT_THAT(Names(AfterPass(net.graph, kPass)), ElementsAre("ELEMENT_CHAIN"));
  ExpectSameResults(net.graph, {kPass}, 1e-6f);
}

TEST(FuseElementsTest, OtherShapesReadersAndPhasesDivideChains) {
  Network net;
  const ValueId in = net.Input({1, 9, 11, 5});
  // Of another shape than what follows it; read by two; waits for the mean of the other.
  const ValueId small = net.Op("EXP", {net.Input({1, 9, 11, 1})});
  const ValueId shared = net.Op("ABS", {in});
  const ValueId mean = net.Op("MEAN", {net.Op("TANH", {shared}), net.Ints({1, 2})}, {{0, 1}});
  net.Outputs({net.Op("MUL", {net.Op("MUL", {shared, small}), mean})});
  EXPECT_EQ(AfterPass(net.graph, kPass).nodes.size(), net.graph.nodes.size());
  ExpectSameResults(net.graph, {kPass}, 1e-6f);
}

TEST(FuseElementsTest, LongAndWideTreesFallIntoSeveralChains) {
  Network net;
  std::vector<ValueId> level;
  for (int i = 0; i < 16; ++i) level.push_back(net.Input({1, 5, 7, 3}));
  while (level.size() > 1) {
    std::vector<ValueId> next;
    for (size_t i = 0; i < level.size(); i += 2) next.push_back(net.Op("MUL", {level[i], level[i + 1]}));
    level = next;
  }
  ValueId v = level[0];
  for (int i = 0; i < 40; ++i) v = net.Op(i % 2 == 0 ? "TANH" : "EXP", {v});
  net.Outputs({v});
  const size_t nodes = AfterPass(net.graph, kPass).nodes.size();
  EXPECT_GT(nodes, 1u);
  EXPECT_LT(nodes, 8u);
  ExpectSameResults(net.graph, {kPass}, 1e-5f);
}

}  // namespace
}  // namespace safelight::testing_passes
