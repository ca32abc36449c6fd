// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include "engine/passes/support/network_for_tests.h"

namespace safelight::testing_passes {
namespace {

using testing::ElementsAre;

constexpr char kPass[] = "simplify_moves";

ValueId Transpose(Network& net, ValueId in, const std::vector<int32_t>& perm) {
  return net.Op("TRANSPOSE", {in, net.Ints(perm)});
}
ValueId Reshape(Network& net, ValueId in, const std::vector<int32_t>& shape) {
  return net.Op("RESHAPE", {in, net.Ints(shape)});
}
// A node behind which the result of the moves is visible whole, so that it may vanish.
void Ends(Network& net, ValueId value) {
  net.Outputs({net.Op("CUMSUM", {value, net.Constant(MakeTensor<int32_t>({}, {1}))})});
}

TEST(SimplifyMovesTest, TranspositionsThatUndoEachOtherGo) {
  Network net;
  const ValueId in = net.Input({1, 6, 7, 4});
  Ends(net, Transpose(net, Transpose(net, in, {0, 3, 1, 2}), {0, 2, 3, 1}));
  EXPECT_THAT(Names(AfterPass(net.graph, kPass)), ElementsAre("CUMSUM"));
  ExpectSameResults(net.graph, {kPass});
}

TEST(SimplifyMovesTest, TranspositionsMoveBehindElementsUntilTheyMeet) {
  Network net;
  const ValueId in = net.Input({1, 6, 7, 4});
  ValueId v = Transpose(net, in, {0, 3, 1, 2});
  v = net.Op("MUL", {v, net.Random({4, 1, 1})});
  v = net.Op("ADD", {net.Op("TANH", {v}), net.Scalar(1)});
  v = Transpose(net, net.Op("MUL", {v, v}), {0, 2, 3, 1});
  Ends(net, net.Op("SUB", {in, v}));
  EXPECT_THAT(Names(AfterPass(net.graph, kPass)), ElementsAre("MUL", "TANH", "ADD", "MUL", "SUB", "CUMSUM"));
  ExpectSameResults(net.graph, {kPass});
}

TEST(SimplifyMovesTest, ChainsThroughALongAxisAreOneReshape) {
  Network net;
  const ValueId in = net.Input({1, 6, 7, 4});
  const ValueId listed = Reshape(net, Transpose(net, in, {0, 3, 1, 2}), {1, 4, 42});
  net.Outputs({Transpose(net, listed, {0, 2, 1})});
  EXPECT_THAT(Names(AfterPass(net.graph, kPass)), ElementsAre("RESHAPE"));
  ExpectSameResults(net.graph, {kPass});
}

TEST(SimplifyMovesTest, PixelShufflesAreFound) {
  for (const bool up : {true, false}) {
    Network net;
    const ValueId in = net.Input(up ? Shape{1, 5, 6, 8} : Shape{1, 10, 12, 2});
    const ValueId apart = up ? Reshape(net, in, {1, 5, 6, 2, 2, 2}) : Reshape(net, in, {1, 5, 2, 6, 2, 2});
    const ValueId moved = Transpose(net, apart, {0, 1, 3, 2, 4, 5});
    net.Outputs({up ? Reshape(net, moved, {1, 10, 12, 2}) : Reshape(net, moved, {1, 5, 6, 8})});
    EXPECT_THAT(Names(AfterPass(net.graph, kPass)), ElementsAre(up ? "DEPTH_TO_SPACE" : "SPACE_TO_DEPTH"));
    ExpectSameResults(net.graph, {kPass});
  }
}

TEST(SimplifyMovesTest, ShufflesOfAnotherOrderStay) {
  Network net;
  const ValueId in = net.Input({1, 5, 6, 8});
  const ValueId apart = Reshape(net, in, {1, 5, 6, 2, 2, 2});
  net.Outputs({Reshape(net, Transpose(net, apart, {0, 1, 4, 2, 3, 5}), {1, 10, 12, 2})});
  EXPECT_THAT(Names(AfterPass(net.graph, kPass)), ElementsAre("RESHAPE", "TRANSPOSE", "RESHAPE"));
  ExpectSameResults(net.graph, {kPass});
}

TEST(SimplifyMovesTest, AxesOfOneIndexAreReshaped) {
  Network net;
  const ValueId in = net.Input({1, 6, 1, 4});
  net.Outputs({Transpose(net, in, {0, 2, 1, 3})});
  EXPECT_THAT(Names(AfterPass(net.graph, kPass)), ElementsAre("RESHAPE"));
  ExpectSameResults(net.graph, {kPass});
}

TEST(SimplifyMovesTest, WhatOthersReadStaysAsItIs) {
  Network net;
  const ValueId in = net.Input({1, 6, 7, 4});
  const ValueId moved = Transpose(net, in, {0, 3, 1, 2});
  net.Outputs({Transpose(net, net.Op("TANH", {moved}), {0, 2, 3, 1}), net.Op("MUL", {moved, net.Random({6, 7})})});
  EXPECT_THAT(Names(AfterPass(net.graph, kPass)), ElementsAre("TRANSPOSE", "TANH", "TRANSPOSE", "MUL"));
  ExpectSameResults(net.graph, {kPass});
}

TEST(SimplifyMovesTest, OutputsOfTheNetworkKeepAValueOfTheirOwn) {
  Network net;
  const ValueId in = net.Input({1, 6, 7, 4});
  net.Outputs({Transpose(net, Transpose(net, in, {0, 3, 1, 2}), {0, 2, 3, 1})});
  EXPECT_THAT(Names(AfterPass(net.graph, kPass)), ElementsAre("RESHAPE"));
  ExpectSameResults(net.graph, {kPass});
}

TEST(SimplifyMovesTest, ReshapesThatSplitAxesUnevenlyStay) {
  Network net;
  const ValueId in = net.Input({4, 6});
  const ValueId apart = Reshape(net, Transpose(net, in, {1, 0}), {4, 6});
  net.Outputs({Transpose(net, apart, {1, 0}), Reshape(net, Reshape(net, in, {3, 8}), {2, 12})});
  EXPECT_THAT(Names(AfterPass(net.graph, kPass)), ElementsAre("TRANSPOSE", "RESHAPE", "TRANSPOSE", "RESHAPE"));
  ExpectSameResults(net.graph, {kPass});
}

}  // namespace
}  // namespace safelight::testing_passes
