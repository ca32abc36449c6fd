// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include "engine/passes/support/network_for_tests.h"

namespace safelight::testing_passes {
namespace {

using testing::ElementsAre;

constexpr char kPass[] = "pointwise_products";
constexpr int kActivation = 0, kKeepDims = 2;

TEST(PointwiseProductsTest, AListOfPixelsIsTheirPicture) {
  Network net;
  const ValueId in = net.Input({1, 6, 7, 4});
  const ValueId list = net.Op("RESHAPE", {in, net.Ints({1, 42, 4})});
  const ValueId product =
      net.Op("FULLY_CONNECTED", {list, net.Random({5, 4}), net.Random({5})}, {{kActivation, 1}, {kKeepDims, 1}});
  net.Outputs({net.Op("TANH", {net.Op("RESHAPE", {product, net.Ints({1, 6, 7, 5})})})});
  EXPECT_THAT(Names(AfterPass(net.graph, kPass)), ElementsAre("CONV_2D", "TANH"));
  ExpectSameResults(net.graph, {kPass}, 1e-6f);
}

TEST(PointwiseProductsTest, APictureStaysOneAndAFlatResultIsReshaped) {
  Network net;
  const ValueId in = net.Input({2, 6, 7, 4});
  net.Outputs({net.Op("FULLY_CONNECTED", {in, net.Random({3, 4})}, {{kKeepDims, 1}}),
               net.Op("FULLY_CONNECTED", {in, net.Random({3, 4})}, {{kKeepDims, 0}})});
  EXPECT_THAT(Names(AfterPass(net.graph, kPass)), ElementsAre("CONV_2D", "RESHAPE", "CONV_2D", "RESHAPE"));
  ExpectSameResults(net.graph, {kPass}, 1e-6f);
}

TEST(PointwiseProductsTest, OtherProductsStay) {
  Network net;
  const ValueId in = net.Input({1, 6, 7, 4}), pixel = net.Input({1, 1, 1, 4});
  const ValueId whole = net.Op("FULLY_CONNECTED", {in, net.Random({3, 168})});
  const ValueId list = net.Op("RESHAPE", {in, net.Ints({1, 21, 8})});
  net.Outputs({whole, net.Op("FULLY_CONNECTED", {list, net.Random({3, 8})}, {{kKeepDims, 1}}),
               net.Op("FULLY_CONNECTED", {pixel, net.Random({3, 4})})});
  EXPECT_EQ(AfterPass(net.graph, kPass).nodes.size(), net.graph.nodes.size());
}

}  // namespace
}  // namespace safelight::testing_passes
