// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include <cmath>

#include "imaging/pictures_for_tests.h"

namespace safelight {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;

Image Constant(int64_t width, int64_t height, std::vector<float> pixel) {
  Result<Image> picture = Image::Create(width, height, static_cast<int>(pixel.size()), PixelType::kF32);
  EXPECT_TRUE(picture.ok());
  for (int64_t y = 0; y < height; ++y) {
    for (int64_t x = 0; x < width; ++x)
      std::copy(pixel.begin(), pixel.end(), picture->row<float>(y) + x * pixel.size());
  }
  return std::move(picture).value();
}

// The first pixel of a result, rounded to thousandths.
std::vector<float> FirstPixel(const Result<Image>& result) {
  EXPECT_TRUE(result.ok()) << result.status().message();
  std::vector<float> pixel(result->row<float>(0), result->row<float>(0) + result->channels());
  for (float& value : pixel) value = std::round(value * 1000) / 1000;
  return pixel;
}

TEST(PipelineTest, TheRangeIsReadOffTheNetworksLimits) {
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

TEST(PipelineTest, TheOrderOfColoursIsTriedWhereNothingSaysIt) {
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

TEST(PipelineTest, SensorDataIsNotMistakenForAPhoto) {
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

// Output 0: this picture plus half of the state. Output 1, the next state: this picture.
Model EchoModel() {
  NetworkForTests net;
  const ValueId in = net.Input({1, 16, 16, 3}), state = net.Input({1, 16, 16, 3});
  const ValueId half = net.Op("MUL", {state, net.Floats({}, {0.5f})});
  const ValueId sum = net.Op("ADD", {in, half});
  return ModelOf(net.Finish({sum, net.Op("MUL", {in, net.Floats({}, {1})})}));
}

TEST(PipelineTest, StatesGoFromPictureToPicture) {
  const Model model = EchoModel();
  const PictureRun without = RunPicture(model, Constant(20, 14, {0.5f, 0.5f, 0.5f}));
  ASSERT_FALSE(without.result.ok());
  EXPECT_THAT(without.result.status().message(), HasSubstr("'input1' 1x14x20x3 is needed as well; give it with --input "
                                                           "input1=FILE.npy"));
  EXPECT_THAT(without.result.status().message(), HasSubstr("--state MUL2=input1"));
  PictureOptions options;
  options.session.states = {{1, 1}};
  Result<PicturePipeline> pipeline = PicturePipeline::Create(model, options);
  ASSERT_TRUE(pipeline.ok()) << pipeline.status().message();
  EXPECT_THAT(FirstPixel(pipeline->Run(Constant(20, 14, {0.2f, 0.4f, 0.6f}))), ElementsAre(0.2f, 0.4f, 0.6f));
  EXPECT_THAT(FirstPixel(pipeline->Run(Constant(20, 14, {0.1f, 0.1f, 0.1f}))), ElementsAre(0.2f, 0.3f, 0.4f));
  EXPECT_THAT(FirstPixel(pipeline->Run(Constant(20, 14, {0, 0, 0}))), ElementsAre(0.05f, 0.05f, 0.05f));
  // Another size begins anew.
  EXPECT_THAT(FirstPixel(pipeline->Run(Constant(31, 9, {0.2f, 0.2f, 0.2f}))), ElementsAre(0.2f, 0.2f, 0.2f));
}

TEST(PipelineTest, AStateKeepsItsProportionToThePicture) {
  NetworkForTests net;
  const ValueId in = net.Input({1, 16, 16, 3}), state = net.Input({1, 8, 8, 5});
  const ValueId next = net.Conv(net.Concat(net.Conv(in, 3, 4, 2), state, 3), 9, 5);
  const ValueId out = net.Op("ADD", {in, net.Op("DEPTH_TO_SPACE", {net.Conv(next, 5, 12)}, {{0, 2}})});
  PictureOptions options;
  options.session.states = {{1, 1}};
  const Model model = ModelOf(net.Finish({out, next}));
  EXPECT_TRUE(RunPicture(model, NoisePicture(30, 22), options).result.ok());
  const PictureRun odd = RunPicture(model, NoisePicture(31, 21), options);
  ASSERT_TRUE(odd.result.ok()) << odd.result.status().message();
  EXPECT_THAT(odd.notes, Contains(HasSubstr("reflect-padded to 32x22")));
}

TEST(PipelineTest, SeveralFramesAreStackedTheNewestLast) {
  // The newest of three frames less half of the oldest.
  NetworkForTests net;
  const ValueId in = net.Input({1, 16, 16, 9});
  const auto frame = [&](int32_t first) {
    return net.Op("STRIDED_SLICE",
                  {in, net.Ints({0, 0, 0, first}), net.Ints({0, 0, 0, first + 3}), net.Ints({1, 1, 1, 1})},
                  {{0, 7}, {1, 7}});
  };
  const ValueId out = net.Op("SUB", {frame(6), net.Op("MUL", {frame(0), net.Floats({}, {0.5f})})});
  Result<PicturePipeline> pipeline = PicturePipeline::Create(ModelOf(net.Finish({out})), {});
  ASSERT_TRUE(pipeline.ok()) << pipeline.status().message();
  EXPECT_THAT(FirstPixel(pipeline->Run(Constant(8, 8, {0.2f, 0.4f, 0.8f}))), ElementsAre(0.1f, 0.2f, 0.4f));
  EXPECT_THAT(FirstPixel(pipeline->Run(Constant(8, 8, {0.6f, 0.6f, 0.6f}))), ElementsAre(0.5f, 0.4f, 0.2f));
  EXPECT_THAT(FirstPixel(pipeline->Run(Constant(8, 8, {1, 1, 1}))), ElementsAre(0.9f, 0.8f, 0.6f));
  EXPECT_THAT(FirstPixel(pipeline->Run(Constant(8, 8, {1, 1, 1}))), ElementsAre(0.7f, 0.7f, 0.7f));
  EXPECT_THAT(pipeline->notes(), Contains(HasSubstr("3 frames, the newest last")));
}

TEST(PipelineTest, InnerValuesOfALargePhotoAreNeverWhole) {
  // 32 channels of 1440 x 1080 would be 199 MB; the rings of three convolutions are a few rows each.
  NetworkForTests net;
  const ValueId in = net.Input({1, 64, 64, 3});
  const ValueId features = net.Conv(net.Conv(in, 3, 32), 32, 32);
  const Model model = ModelOf(net.Finish({net.Op("ADD", {in, net.Conv(features, 32, 3)})}));
  SessionOptions options;
  options.threads = 2;
  options.input_shapes = {Shape{1, 1080, 1440, 3}};
  const Result<Session> session = Session::Create(model, options);
  ASSERT_TRUE(session.ok()) << session.status().message();
  EXPECT_EQ(session->plan().whole_bytes, 0);
  EXPECT_LT(session->plan().ring_bytes, 20 << 20);
  for (const NodeReport& node : session->plan().nodes) {
    for (const ValueReport& value : node.outputs) {
      EXPECT_LT(value.ring_rows, 40) << value.name;
    }
  }
}

}  // namespace
}  // namespace safelight
