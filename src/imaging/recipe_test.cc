// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include "imaging/pictures_for_tests.h"

namespace safelight {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;

TEST(RecipeTest, TheRangeIsReadOffTheNetworksLimits) {
  NetworkForTests net;
  const ValueId in = net.Input({1, 16, 16, 3});
  const ValueId plus = net.Op("ADD", {in, net.Floats({}, {51})});
  const ValueId clipped = net.Op("RELU", {net.Op("MINIMUM", {plus, net.Floats({}, {255})})});
  const Model model = ModelOf(net.Finish({clipped}));
  const PictureRun run = RunPicture(model, Constant(20, 10, {0.2f, 0.4f, 0.9f}));
  EXPECT_THAT(FirstPixel(run.result), ElementsAre(0.4f, 0.6f, 1.0f));
  EXPECT_THAT(run.notes, Contains(HasSubstr("black 0 white 255 (the network's limits)")));
  EXPECT_THAT(run.notes, Contains(HasSubstr("black 0 white 255 (as the output)")));
  PictureOptions options;
  options.input_range = ValueRange{0, 1};
  options.output_range = ValueRange{51, 52};
  EXPECT_THAT(FirstPixel(RunPicture(model, Constant(20, 10, {0.2f, 0.4f, 0.9f}), options).result),
              ElementsAre(0.2f, 0.4f, 0.9f));
}

// Makes bright first channels much brighter, which spoils reds, oranges and skin where the first channel is red; fewer
// colours have so much blue.
Model KeepsHuesInBgr() {
  NetworkForTests net;
  const ValueId in = net.Input({1, 16, 16, 3});
  const ValueId bright =
      net.Op("CONV_2D", {in, net.Floats({3, 1, 1, 3}, {3, 0, 0, 0, 0, 0, 0, 0, 0}), net.Floats({3}, {-2.25f, 0, 0})},
             {{0, 0}, {1, 1}, {2, 1}, {3, 1}});
  return ModelOf(net.Finish({net.Op("ADD", {in, bright})}));
}

TEST(RecipeTest, TheOrderOfColoursIsTriedWhereNothingSaysIt) {
  const Image red = Constant(16, 16, {0.9f, 0.1f, 0.1f});
  const PictureRun tried = RunPicture(KeepsHuesInBgr(), red);
  EXPECT_THAT(FirstPixel(tried.result), ElementsAre(0.9f, 0.1f, 0.1f));
  EXPECT_THAT(tried.notes, Contains(HasSubstr("bgr (tried: keeps hues better than rgb)")));
  PictureOptions options;
  options.channels = ChannelOrder::kRgb;
  EXPECT_THAT(FirstPixel(RunPicture(KeepsHuesInBgr(), red, options).result), ElementsAre(1.35f, 0.1f, 0.1f));
  NetworkForTests net;
  const ValueId in = net.Input({1, 16, 16, 3});
  const PictureRun plain = RunPicture(ModelOf(net.Finish({net.Op("TANH", {in})})), red);
  EXPECT_THAT(plain.notes, Contains(HasSubstr("float32 rgb (from the number of channels)")));
}

TEST(RecipeTest, SensorDataIsNotMistakenForAPhoto) {
  NetworkForTests net;
  const ValueId in = net.Input({1, 16, 16, 4});
  const Model model = ModelOf(net.Finish({net.Op("DEPTH_TO_SPACE", {net.Conv(in, 4, 12)}, {{0, 2}})}));
  const PictureRun run = RunPicture(model, Constant(16, 16, {0.5f, 0.5f, 0.5f}));
  ASSERT_FALSE(run.result.ok());
  EXPECT_THAT(run.result.status().message(), HasSubstr("'input0' 1x16x16x4 takes raw sensor data"));
  PictureOptions options;
  options.channels = ChannelOrder::kRgba;
  EXPECT_TRUE(RunPicture(model, Constant(16, 16, {0.5f, 0.5f, 0.5f}), options).result.ok());
}

}  // namespace
}  // namespace safelight
