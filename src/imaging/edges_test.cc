// SPDX-License-Identifier: Apache-2.0
//
// Pictures in and out of networks that leave values as they are: what comes out is what the image library makes of the
// picture, in every type, layout, range and order, with chroma and alpha beside the network.
#include "imaging/edges.h"

#include <gmock/gmock.h>

#include <cmath>

#include "imaging/pictures_for_tests.h"

namespace safelight {
namespace {

Image Integers(int64_t width, int64_t height, int channels, PixelType type) {
  return ConvertType(NoisePicture(width, height, channels), type).value();
}

// A network that multiplies by 1. `planar`: n c h w.
Model Same(int channels, bool planar = false) {
  NetworkForTests net;
  const ValueId in = net.Input(planar ? Shape{1, channels, 16, 24} : Shape{1, 16, 24, channels});
  return ModelOf(net.Finish({net.Op("MUL", {in, net.Floats({}, {1})})}));
}

// A network that enlarges twice by repeating pixels.
Model Twice() {
  NetworkForTests net;
  const ValueId in = net.Input({1, 16, 24, 1});
  return ModelOf(net.Finish({net.Op("RESIZE_NEAREST_NEIGHBOR", {in, net.Ints({32, 48})})}));
}

double LargestDifference(const Image& a, const Image& b) {
  EXPECT_EQ(a.width(), b.width());
  EXPECT_EQ(a.height(), b.height());
  EXPECT_EQ(a.channels(), b.channels());
  const Image left = ConvertType(a.view(), PixelType::kF32).value(),
              right = ConvertType(b.view(), PixelType::kF32).value();
  double largest = 0;
  for (int64_t y = 0; y < a.height(); ++y) {
    for (int64_t i = 0; i < a.width() * a.channels(); ++i) {
      largest = std::max<double>(largest, std::abs(left.row<float>(y)[i] - right.row<float>(y)[i]));
    }
  }
  return largest;
}

TEST(EdgesTest, PicturesOfEveryTypeComeBackAsTheyWere) {
  for (const PixelType type : {PixelType::kU8, PixelType::kU16, PixelType::kF32}) {
    for (const bool planar : {false, true}) {
      for (const ValueRange range : {ValueRange{0, 1}, ValueRange{0, 255}, ValueRange{-1, 1}, ValueRange{0, 65535}}) {
        for (const ChannelOrder order :
             {ChannelOrder::kRgb, ChannelOrder::kBgr, ChannelOrder::kGray, ChannelOrder::kRgba}) {
          const int channels = order == ChannelOrder::kGray ? 1 : order == ChannelOrder::kRgba ? 4 : 3;
          SCOPED_TRACE(testing::Message() << PixelTypeName(type) << " planar " << planar << " white " << range.white
                                          << " " << ChannelOrderName(order));
          const Image photo = Integers(301, 20, channels, type);
          PictureOptions options;
          options.input_range = options.output_range = range;
          options.channels = order;
          const PictureRun run = RunPicture(Same(channels, planar), photo, options);
          ASSERT_TRUE(run.result.ok()) << run.result.status().message();
          EXPECT_EQ(run.result->type(), type);
          // Integers to the bit; 16 bits times 2 minus 1 leave half of the last bit.
          const bool rounds = type == PixelType::kF32 || (type == PixelType::kU16 && range.black < 0);
          EXPECT_LE(LargestDifference(*run.result, photo), rounds ? 2e-5 : 0);
        }
      }
    }
  }
}

TEST(EdgesTest, GrayPhotosFillColourNetworksAndColourPhotosGrayOnes) {
  const Image gray = Integers(33, 20, 1, PixelType::kU8), color = Integers(33, 20, 3, PixelType::kU8);
  const PictureRun filled = RunPicture(Same(3), gray);
  ASSERT_TRUE(filled.result.ok()) << filled.result.status().message();
  EXPECT_EQ(LargestDifference(*filled.result, ToRgb(gray.view()).value()), 0);
  PictureOptions options;
  options.channels = ChannelOrder::kGray;
  const PictureRun reduced = RunPicture(Same(1), color, options);
  ASSERT_TRUE(reduced.result.ok()) << reduced.result.status().message();
  EXPECT_LE(LargestDifference(*reduced.result, ToGray(color.view()).value()), 1.01 / 255);
}

// Luma of the network beside chroma of the image library.
Image TwiceByHand(const Image& photo) {
  Image ycbcr = RgbToYcbcr(photo.view(), ColorSpace::kYcbcrStudio, PixelType::kF32).value();
  Image large = Resize(ycbcr.view(), 2 * photo.width(), 2 * photo.height(), Filter::kBicubic).value();
  for (int64_t y = 0; y < large.height(); ++y) {
    for (int64_t x = 0; x < large.width(); ++x) large.row<float>(y)[x * 3] = ycbcr.row<float>(y / 2)[x / 2 * 3];
  }
  return YcbcrToRgb(large.view(), photo.type()).value();
}

TEST(EdgesTest, LumaNetworksGetTheLumaAndABicubicChroma) {
  for (const PixelType type : {PixelType::kU8, PixelType::kF32}) {
    const Image photo = Integers(37, 21, 3, type);
    PictureOptions options;
    options.channels = ChannelOrder::kY;
    const PictureRun run = RunPicture(Twice(), photo, options);
    ASSERT_TRUE(run.result.ok()) << run.result.status().message();
    EXPECT_LE(LargestDifference(*run.result, TwiceByHand(photo)), type == PixelType::kU8 ? 1.01 / 255 : 2e-6);
  }
}

TEST(EdgesTest, AlphaIsCarriedAlongByBicubic) {
  const Image photo = Integers(37, 21, 4, PixelType::kF32);
  const PictureRun run = RunPicture(Same(3), photo);
  ASSERT_TRUE(run.result.ok()) << run.result.status().message();
  EXPECT_LE(LargestDifference(*run.result, photo), 1e-6);
  PictureOptions options;
  options.channels = ChannelOrder::kY;
  const PictureRun larger = RunPicture(Twice(), photo, options);
  ASSERT_TRUE(larger.result.ok()) << larger.result.status().message();
  ASSERT_EQ(larger.result->channels(), 4);
  const Image color = WithoutAlpha(photo.view()).value();
  EXPECT_LE(LargestDifference(WithoutAlpha(larger.result->view()).value(), TwiceByHand(color)), 2e-6);
  Image alpha = Image::Create(37, 21, 1, PixelType::kF32).value();
  for (int64_t y = 0; y < 21; ++y) {
    for (int64_t x = 0; x < 37; ++x) alpha.row<float>(y)[x] = photo.row<float>(y)[x * 4 + 3];
  }
  const Image large = Resize(alpha.view(), 74, 42, Filter::kBicubic).value();
  for (int64_t y = 0; y < 42; ++y) {
    for (int64_t x = 0; x < 74; ++x) {
      ASSERT_NEAR(larger.result->row<float>(y)[x * 4 + 3], std::clamp(large.row<float>(y)[x], 0.0f, 1.0f), 1e-6);
    }
  }
}

TEST(EdgesTest, JoinedInTilesEqualsJoinedAtOnce) {
  // The same network, fixed to its size by zeros of that size and free.
  const auto network = [](bool fixed) {
    NetworkForTests net;
    ValueId v = net.Input({1, 32, 32, 1});
    v = net.Conv(v, 1, 1);
    if (fixed) v = net.Op("ADD", {v, net.Floats({1, 32, 32, 1}, std::vector<float>(1024, 0))});
    return ModelOf(net.Finish({v}));
  };
  const Image photo = Integers(101, 75, 4, PixelType::kU8);
  PictureOptions options;
  options.channels = ChannelOrder::kY;
  const PictureRun whole = RunPicture(network(false), photo, options),
                   tiled = RunPicture(network(true), photo, options);
  ASSERT_TRUE(whole.result.ok()) << whole.result.status().message();
  ASSERT_TRUE(tiled.result.ok()) << tiled.result.status().message();
  EXPECT_GT(tiled.report.tiles, 1);
  // Tiles see the photo reflected at its border, the whole network its own padding.
  const auto inside = [](const Image& image) { return WithAlpha(image.view().Crop(1, 1, 99, 73)).value(); };
  EXPECT_EQ(LargestDifference(inside(*tiled.result), inside(*whole.result)), 0);
}

TEST(EdgesTest, NoPictureIsHeldAsFloats) {
  const PictureRun run = RunPicture(Same(3), Integers(640, 480, 3, PixelType::kU8));
  ASSERT_TRUE(run.result.ok());
  EXPECT_EQ(run.report.buffer_bytes, 0);
  EXPECT_LT(run.report.session_bytes, 640 * 480);
}

TEST(EdgesTest, CropsAreReflectedAtTheBorder) {
  const Image photo = NoisePicture(5, 4);
  const Image part = CropReflected(photo.view(), -2, 3, 8, 6).value();
  const int64_t rows[] = {2, 1, 0, 1, 2, 3, 2, 1}, columns[] = {3, 4, 3, 2, 1, 0};
  for (int64_t y = 0; y < 8; ++y) {
    for (int64_t x = 0; x < 6; ++x) EXPECT_EQ(part.row<float>(y)[x * 3], photo.row<float>(rows[y])[columns[x] * 3]);
  }
}

}  // namespace
}  // namespace safelight
