// SPDX-License-Identifier: Apache-2.0
//
// Pictures through small networks made in memory: how ports are found and filled, tiles, what is refused.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "formats/tflite/file_for_tests.h"
#include "safelight/picture.h"

namespace safelight {
namespace {

using testing::HasSubstr;

constexpr int kNoActivation = 0;

Model Open(const ModelForTests& file) {
  const std::vector<uint8_t> bytes = file.Bytes();
  Result<Model> model = Model::FromBytes(std::as_bytes(std::span(bytes)), "test network");
  EXPECT_TRUE(model.ok()) << model.status().message();
  return std::move(model).value();
}

NodeForTests Add(int a, int b, int to) { return {kAddCode, {a, b}, {to}, kAddOptionsType, {{0, kNoActivation, 1}}}; }

// sum = photo + mask, positive = relu(sum).
Model TwoPictures() {
  ModelForTests file;
  file.main().tensors = {
      {"photo", {1, 6, 8, 3}}, {"mask", {1, 6, 8, 1}}, {"sum", {1, 6, 8, 3}}, {"positive", {1, 6, 8, 3}}};
  file.main().inputs = {0, 1};
  file.main().outputs = {2, 3};
  file.main().nodes = {Add(0, 1, 2), {kReluCode, {2}, {3}}};
  return Open(file);
}

constexpr int kSize = 96;

// A mean over 3x3 of a picture of kSize. `fixed`: then a sum with zeros, which keep the network from any other size.
Model Mean(bool fixed) {
  ModelForTests file;
  std::vector<float> weights(size_t{3} * 9 * 3, 0.0f);
  for (int c = 0; c < 3; ++c) {
    for (int tap = 0; tap < 9; ++tap) weights[static_cast<size_t>((c * 9 + tap) * 3 + c)] = 1.0f / 9;
  }
  const uint32_t filter = file.AddBuffer(weights), bias = file.AddBuffer<float>({0, 0, 0});
  const uint32_t zeros = file.AddBuffer(std::vector<float>(static_cast<size_t>(kSize) * kSize * 3, 0.0f));
  file.main().tensors = {{"photo", {1, kSize, kSize, 3}},
                         {"w", {3, 3, 3, 3}, filter},
                         {"b", {3}, bias},
                         {"mean", {1, kSize, kSize, 3}},
                         {"zeros", {1, kSize, kSize, 3}, zeros},
                         {"result", {1, kSize, kSize, 3}}};
  file.main().inputs = {0};
  file.main().outputs = {fixed ? 5 : 3};
  file.main().nodes = {{kConvCode, {0, 1, 2}, {3}, kConvOptionsType, {{0, 0, 1}, {1, 1, 4}, {2, 1, 4}, {3, 0, 1}}}};
  if (fixed) file.main().nodes.push_back(Add(3, 4, 5));
  return Open(file);
}

Image Photo(int64_t width, int64_t height, int channels = 3, int seed = 1) {
  Image image = Image::Create(width, height, channels, PixelType::kU8).value();
  for (int64_t y = 0; y < height; ++y) {
    for (int64_t i = 0; i < width * channels; ++i) {
      image.row<uint8_t>(y)[i] = static_cast<uint8_t>((y * 131 + i * 37 + seed * 71) % 120);
    }
  }
  return image;
}

std::vector<uint8_t> Bytes(const Image& image) {
  std::vector<uint8_t> bytes;
  for (int64_t y = 0; y < image.height(); ++y) {
    bytes.insert(bytes.end(), image.row<uint8_t>(y), image.row<uint8_t>(y) + image.width() * image.channels());
  }
  return bytes;
}

TEST(PicturePipelineTest, ExtraPicturesAreConvertedAsThePhoto) {
  const Image photo = Photo(11, 7), mask = Photo(11, 7, 1, 5);
  PictureOptions options{.extra_pictures = {{"mask", &mask}}};
  Result<PicturePipeline> pipeline = PicturePipeline::Create(TwoPictures(), options);
  ASSERT_TRUE(pipeline.ok()) << pipeline.status().message();
  const Result<Image> sum = pipeline->Run(photo);
  ASSERT_TRUE(sum.ok()) << sum.status().message();
  for (int64_t y = 0; y < 7; ++y) {
    for (int64_t x = 0; x < 11; ++x) {
      const int expected = photo.row<uint8_t>(y)[x * 3 + 1] + mask.row<uint8_t>(y)[x];
      EXPECT_NEAR(sum->row<uint8_t>(y)[x * 3 + 1], expected, 1) << x << " " << y;
    }
  }
  const Result<Image> positive = pipeline->OtherPicture("positive", PixelType::kU8);
  ASSERT_TRUE(positive.ok()) << positive.status().message();
  EXPECT_EQ(Bytes(*positive), Bytes(*sum));
  EXPECT_EQ(pipeline->OtherPicture("sum", PixelType::kU8).status().code(), StatusCode::kNotFound);
  const auto others = pipeline->other_outputs();
  ASSERT_EQ(others.size(), 1u);
  EXPECT_EQ(others[0].first.name, "positive");
}

TEST(PicturePipelineTest, PortsMayBeNamed) {
  const Image photo = Photo(8, 6), mask = Photo(8, 6, 1);
  PictureOptions options{.input = "mask", .output = "positive", .extra_pictures = {{"photo", &photo}}};
  Result<PicturePipeline> pipeline = PicturePipeline::Create(TwoPictures(), options);
  ASSERT_TRUE(pipeline.ok()) << pipeline.status().message();
  EXPECT_THAT(pipeline->notes()[0], HasSubstr("'mask'"));
  EXPECT_THAT(pipeline->notes()[1], HasSubstr("'positive'"));
  const Result<Image> result = pipeline->Run(mask);
  ASSERT_TRUE(result.ok()) << result.status().message();
  EXPECT_EQ(result->channels(), 3);
}

TEST(PicturePipelineTest, ExtraPicturesThatDoNotFitAreRefusedByName) {
  const Image mask = Photo(10, 7, 1);
  Result<PicturePipeline> pipeline = PicturePipeline::Create(TwoPictures(), {.extra_pictures = {{"mask", &mask}}});
  ASSERT_TRUE(pipeline.ok());
  EXPECT_THAT(pipeline->Run(Photo(11, 7)).status().message(),
              HasSubstr("input 'mask' is given a picture of 10x7, the network takes 11x7"));
  const auto refusal = [](const PictureOptions& options) {
    const Result<PicturePipeline> refused = PicturePipeline::Create(TwoPictures(), options);
    return refused.ok() ? "not refused" : refused.status().message();
  };
  EXPECT_THAT(refusal({.extra_pictures = {{"nobody", &mask}}}), HasSubstr("no input is called 'nobody'"));
  EXPECT_THAT(refusal({.extra_pictures = {{"photo", &mask}}}), HasSubstr("'photo' is the photo itself"));
  EXPECT_THAT(refusal({.extra_pictures = {{"mask", nullptr}}}), HasSubstr("'mask' is given no picture"));
  EXPECT_THAT(refusal({.input = "nobody"}), HasSubstr("no input is called 'nobody'"));
  EXPECT_THAT(refusal({.output = "nobody"}), HasSubstr("no output is called 'nobody'"));
  EXPECT_THAT(refusal({.channels = ChannelOrder::kY}), HasSubstr("'photo' has 3 channels, y (--channels) has 1"));
  EXPECT_THAT(refusal({.input_range = ValueRange{2, 2}}), HasSubstr("two different numbers"));
  EXPECT_THAT(refusal({.tile = -1}), HasSubstr("tile of -1"));
}

TEST(PicturePipelineTest, AMissingInputIsNamed) {
  Result<PicturePipeline> pipeline = PicturePipeline::Create(TwoPictures(), {});
  ASSERT_TRUE(pipeline.ok());
  EXPECT_THAT(pipeline->Run(Photo(8, 6)).status().message(), HasSubstr("input 'mask' 1x6x8x1 is needed"));
}

TEST(PicturePipelineTest, TheSessionIsKeptForPicturesOfOneSize) {
  Result<PicturePipeline> pipeline = PicturePipeline::Create(Mean(true));
  ASSERT_TRUE(pipeline.ok());
  ASSERT_TRUE(pipeline->Run(Photo(kSize, kSize)).ok());
  EXPECT_GT(pipeline->report().compile_seconds, 0);
  ASSERT_TRUE(pipeline->Run(Photo(kSize, kSize)).ok());
  EXPECT_EQ(pipeline->report().compile_seconds, 0);
}

TEST(PicturePipelineTest, TilesEqualTheWholeInside) {
  const Image photo = Photo(250, 201);
  Result<PicturePipeline> tiled = PicturePipeline::Create(Mean(true)), whole = PicturePipeline::Create(Mean(false));
  ASSERT_TRUE(tiled.ok() && whole.ok());
  const Result<Image> a = tiled->Run(photo), b = whole->Run(photo);
  ASSERT_TRUE(a.ok()) << a.status().message();
  ASSERT_TRUE(b.ok()) << b.status().message();
  EXPECT_GT(tiled->report().tiles, 4);
  EXPECT_EQ(whole->report().tiles, 1);
  // Tiles see the photo reflected at its border, the whole network sees its own padding there.
  const auto inside = [](const Image& image) {
    return Bytes(ToRgb(image.view().Crop(1, 1, image.width() - 2, image.height() - 2)).value());
  };
  EXPECT_EQ(inside(*a), inside(*b));
  EXPECT_THAT(tiled->notes().back(), HasSubstr("tiles of 96x96"));
  EXPECT_EQ(tiled->OtherPicture("mean", PixelType::kU8).status().code(), StatusCode::kUnsupported);
}

TEST(PicturePipelineTest, APictureThatIsCancelledSaysSo) {
  for (bool fixed : {true, false}) {
    Result<PicturePipeline> pipeline = PicturePipeline::Create(Mean(fixed));
    ASSERT_TRUE(pipeline.ok());
    int calls = 0;
    const Result<Image> result = pipeline->Run(Photo(200, 200), [&](double) { return ++calls < 2; });
    EXPECT_EQ(result.status().code(), StatusCode::kCancelled);
    EXPECT_TRUE(pipeline->Run(Photo(200, 200)).ok());
  }
}

}  // namespace
}  // namespace safelight
