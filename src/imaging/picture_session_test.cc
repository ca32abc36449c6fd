// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include "imaging/pictures_for_tests.h"

namespace safelight {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;

// Output 0: this picture plus half of the state. Output 1, the next state: this picture.
Model EchoModel() {
  NetworkForTests net;
  const ValueId in = net.Input({1, 16, 16, 3}), state = net.Input({1, 16, 16, 3});
  const ValueId half = net.Op("MUL", {state, net.Floats({}, {0.5f})});
  const ValueId sum = net.Op("ADD", {in, half});
  return ModelOf(net.Finish({sum, net.Op("MUL", {in, net.Floats({}, {1})})}));
}

TEST(PictureSessionTest, StatesGoFromPictureToPicture) {
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

TEST(PictureSessionTest, AStateKeepsItsProportionToThePicture) {
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

TEST(PictureSessionTest, SeveralFramesAreStackedTheNewestLast) {
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

TEST(PictureSessionTest, InnerValuesOfALargePhotoAreNeverWhole) {
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
