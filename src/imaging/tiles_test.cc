// SPDX-License-Identifier: Apache-2.0
//
// Tiles against whole pictures, to the last bit: tiles of a fixed file against the same network left free, run on the
// reflect-padded picture; --tile against no tiles.
#include "imaging/tiles.h"

#include <gmock/gmock.h>

#include <functional>

#include "imaging/pictures_for_tests.h"

namespace safelight {
namespace {

using testing::Contains;
using testing::HasSubstr;

using Writer = std::function<ValueId(NetworkForTests&, ValueId)>;

// `fixed`: a cut in front of the network that leaves all of a picture of the file's own size, and of larger ones their
// corner. Such a file runs at its own size only, although each output pixel depends on its neighbourhood alone.
Model Network(int32_t height, int32_t width, const Writer& write, bool fixed) {
  NetworkForTests net;
  ValueId v = net.Input({1, height, width, 3});
  if (fixed) {
    // Ends that count from the begin are not taken for places in the picture.
    v = net.Op("STRIDED_SLICE", {v, net.Ints({0, 0, 0, 0}), net.Ints({1, height, width, 3}), net.Ints({1, 1, 1, 1})},
               {{5, 1}});
  }
  const ValueId output = write(net, v);
  return ModelOf(net.Finish({output}));
}

ValueId Valid(NetworkForTests& net, ValueId v, int64_t taps) {
  return net.Op("CONV_2D", {v, net.Floats({3, taps, taps, 3})}, {{0, 1}, {1, 1}, {2, 1}});
}

// What the network makes of a picture as it is: pixels are the input tensor, and the output tensor pixels.
Image Whole(const Model& model, const Image& picture) {
  SessionOptions options;
  options.threads = 1;
  options.input_shapes = {Shape{1, picture.height(), picture.width(), 3}};
  Result<Session> session = Session::Create(model, options);
  EXPECT_TRUE(session.ok()) << session.status().message();
  const Shape& out = session->outputs()[0].shape;
  Image result = Image::Create(out[2], out[1], 3, PixelType::kF32).value();
  const ConstTensorView input(DType::kFloat32, options.input_shapes[0], picture.row<float>(0));
  const TensorView output(DType::kFloat32, out, result.row<float>(0));
  const Status status = session->Run({&input, 1}, {&output, 1});
  EXPECT_TRUE(status.ok()) << status.message();
  return result;
}

// More than any of the networks looks, and a multiple of their strides and of the tiles of fast convolutions.
constexpr int64_t kBorder = 32;

// `lost`: output pixels that the network loses in front.
void ExpectTilesEqualWhole(const Writer& write, int64_t up, int64_t down = 1, int64_t lost = 0) {
  const Model fixed = Network(48, 40, write, true), open = Network(48, 40, write, false);
  for (const auto& [width, height] : {std::pair{101, 75}, {41, 48}, {40, 131}, {9, 75}}) {
    SCOPED_TRACE(testing::Message() << width << "x" << height);
    const Image photo = NoisePicture(width, height);
    const PictureRun tiled = RunPicture(fixed, photo);
    ASSERT_TRUE(tiled.result.ok()) << tiled.result.status().message();
    EXPECT_EQ(tiled.result->width(), width * up / down);
    EXPECT_EQ(tiled.result->height(), height * up / down);
    const int64_t at = kBorder * up / down - lost;
    EXPECT_TRUE(SamePixels(*tiled.result, Whole(open, Extended(photo, kBorder)), at, at));
    EXPECT_THAT(tiled.notes, Contains(HasSubstr("joints are exact")));
    EXPECT_GT(tiled.report.tiles, 1);
  }
}

TEST(TilesTest, OfPaddedConvolutionsEqualTheWhole) {
  ExpectTilesEqualWhole([](auto& net, ValueId v) { return net.Conv(net.Op("TANH", {net.Conv(v, 3, 5)}), 5, 3); }, 1);
}

TEST(TilesTest, OfConvolutionsOfManyChannelsEqualTheWhole) {
  ExpectTilesEqualWhole([](auto& net, ValueId v) { return net.Conv(net.Conv(net.Conv(v, 3, 32), 32, 32), 32, 3); }, 1);
}

TEST(TilesTest, OfAnEncoderAndDecoderWithStridesEqualTheWhole) {
  ExpectTilesEqualWhole(
      [](auto& net, ValueId v) {
        const ValueId half = net.Conv(v, 3, 4, 2), quarter = net.Conv(half, 4, 4, 2);
        const ValueId up = net.Concat(net.Resize(quarter, 24, 20), half, 3);
        return net.Op("ADD", {net.Conv(net.Resize(net.Conv(up, 8, 4), 48, 40), 4, 3), v});
      },
      1);
}

TEST(TilesTest, OfEnlargementsEqualTheWhole) {
  ExpectTilesEqualWhole(
      [](auto& net, ValueId v) {
        const ValueId shuffled = net.Op("DEPTH_TO_SPACE", {net.Conv(net.Conv(v, 3, 8), 8, 12)}, {{0, 2}});
        return net.Op("ADD", {shuffled, net.Op("RESIZE_BILINEAR", {v, net.Ints({96, 80})}, {{3, 1}})});
      },
      2);
  ExpectTilesEqualWhole(
      [](auto& net, ValueId v) {
        return net.Op("DEPTH_TO_SPACE", {net.Conv(v, 3, 27)}, {{0, 3}});
      },
      3);
}

TEST(TilesTest, OfReductionsEqualTheWhole) {
  ExpectTilesEqualWhole([](auto& net, ValueId v) { return net.Conv(net.Conv(v, 3, 3, 2), 3, 3); }, 1, 2);
}

TEST(TilesTest, OfConvolutionsWithoutPaddingEqualTheWhole) {
  ExpectTilesEqualWhole(
      [](auto& net, ValueId v) {
        return net.Op("DEPTH_TO_SPACE", {net.Conv(Valid(net, Valid(net, v, 5), 3), 3, 12)}, {{0, 2}});
      },
      2, 1, 6);
}

TEST(TilesTest, OfFastConvolutionsWithoutPaddingEqualTheWhole) {
  ExpectTilesEqualWhole(
      [](auto& net, ValueId v) {
        const ValueId valid =
            net.Op("CONV_2D", {net.Conv(v, 3, 32), net.Floats({32, 3, 3, 32})}, {{0, 1}, {1, 1}, {2, 1}});
        return net.Conv(valid, 32, 3);
      },
      1, 1, 1);
}

TEST(TilesTest, NetworksThatAreNotLocalAreRefusedByNameUnlessForced) {
  const Model model = Network(
      48, 40,
      [](auto& net, ValueId v) {
        return net.Op("ADD", {v, net.Op("MEAN", {v, net.Ints({1, 2})}, {{0, 1}})});
      },
      true);
  const PictureRun refused = RunPicture(model, NoisePicture(50, 60));
  ASSERT_FALSE(refused.result.ok());
  EXPECT_THAT(refused.result.status().message(), HasSubstr("it cannot run in tiles either: node 1 MEAN 'MEAN1' needs "
                                                           "all rows of"));
  PictureOptions force;
  force.force_tiles = true;
  const PictureRun forced = RunPicture(model, NoisePicture(50, 60), force);
  ASSERT_TRUE(forced.result.ok()) << forced.result.status().message();
  EXPECT_EQ(forced.result->width(), 50);
  EXPECT_THAT(forced.notes, Contains(HasSubstr("forced: joints may show")));
}

TEST(TilesTest, AnOverlapThatLeavesNothingOfATileIsRefusedUnlessForced) {
  const Writer wide = [](auto& net, ValueId v) {
    for (int i = 0; i < 5; ++i) v = Valid(net, v, 9);
    return v;
  };
  // 40 of 48 pixels are lost: tiles of 8.
  const Model model = Network(48, 48, wide, true);
  PictureRun run = RunPicture(model, NoisePicture(60, 60));
  ASSERT_TRUE(run.result.ok()) << run.result.status().message();
  EXPECT_EQ(run.report.tiles, 8 * 8);
  const Model strides = Network(
      48, 40,
      [](auto& net, ValueId v) {
        for (int i = 0; i < 9; ++i) v = net.Conv(v, 3, 3);
        return net.Resize(net.Conv(net.Conv(net.Conv(v, 3, 3, 2), 3, 3, 2), 3, 3), 48, 40);
      },
      true);
  run = RunPicture(strides, NoisePicture(60, 60));
  ASSERT_FALSE(run.result.ok());
  EXPECT_THAT(run.result.status().message(), HasSubstr("it cannot run in tiles either: "));
  PictureOptions force;
  force.force_tiles = true;
  EXPECT_TRUE(RunPicture(strides, NoisePicture(60, 60), force).result.ok());
}

TEST(TilesTest, BlocksOfColumnsEqualTheWhole) {
  // --tile on a network that takes any size, with a barrier in it and without.
  for (const bool barrier : {false, true}) {
    const Model model = Network(
        48, 40,
        [&](auto& net, ValueId v) {
          ValueId features = net.Conv(net.Conv(v, 3, 8), 8, 8, 2);
          if (barrier) features = net.Op("MUL", {features, net.Op("MEAN", {features, net.Ints({1, 2})}, {{0, 1}})});
          return net.Op("DEPTH_TO_SPACE", {net.Conv(features, 8, 48)}, {{0, 4}});
        },
        false);
    const Image photo = NoisePicture(77, 53);
    const PictureRun whole = RunPicture(model, photo);
    ASSERT_TRUE(whole.result.ok()) << whole.result.status().message();
    for (const int64_t tile : {1, 7, 16, 64, 1000}) {
      PictureOptions options;
      options.tile = tile;
      options.session.threads = 2;
      const PictureRun blocks = RunPicture(model, photo, options);
      ASSERT_TRUE(blocks.result.ok()) << blocks.result.status().message();
      EXPECT_TRUE(SamePixels(*blocks.result, *whole.result)) << "tile " << tile << " barrier " << barrier;
    }
  }
}

}  // namespace
}  // namespace safelight
