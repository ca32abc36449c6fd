// SPDX-License-Identifier: Apache-2.0
//
// Conversions against the formulas of their definitions, written out plainly.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "image/test_support.h"
#include "safelight/image.h"

namespace safelight {
namespace {

TEST(ConvertTest, EightBitsSurviveEveryOtherType) {
  Image image = Must(Image::Create(256, 1, 1, PixelType::kU8));
  for (int i = 0; i < 256; ++i) image.row<uint8_t>(0)[i] = static_cast<uint8_t>(i);
  const Image wide = Must(ConvertType(image, PixelType::kU16));
  const Image real = Must(ConvertType(image, PixelType::kF32));
  for (int i = 0; i < 256; ++i) {
    EXPECT_EQ(wide.row<uint16_t>(0)[i], i * 257);
    EXPECT_EQ(real.row<float>(0)[i], static_cast<float>(i) / 255.0f);
  }
  ExpectSame(image, Must(ConvertType(wide, PixelType::kU8)));
  ExpectSame(image, Must(ConvertType(real, PixelType::kU8)));
}

TEST(ConvertTest, SixteenBitsRoundToTheNearestOfEight) {
  Image wide = Must(Image::Create(65536, 1, 1, PixelType::kU16));
  for (int i = 0; i < 65536; ++i) wide.row<uint16_t>(0)[i] = static_cast<uint16_t>(i);
  const Image narrow = Must(ConvertType(wide, PixelType::kU8));
  for (int i = 0; i < 65536; ++i) ASSERT_EQ(narrow.row<uint8_t>(0)[i], (i + 128) / 257) << i;
  const Image real = Must(ConvertType(wide, PixelType::kF32));
  ExpectSame(wide, Must(ConvertType(real, PixelType::kU16)));
}

TEST(ConvertTest, FloatsAreRoundedAndClippedAndNanIsBlack) {
  Image real = Must(Image::Create(7, 1, 1, PixelType::kF32));
  const float values[] = {-1.0f, 0.0f, 0.4f / 255, 0.6f / 255, 1.0f, 70000.0f, std::numeric_limits<float>::quiet_NaN()};
  const uint8_t expected[] = {0, 0, 0, 1, 255, 255, 0};
  std::memcpy(real.row<float>(0), values, sizeof(values));
  const Image narrow = Must(ConvertType(real, PixelType::kU8));
  for (int i = 0; i < 7; ++i) EXPECT_EQ(narrow.row<uint8_t>(0)[i], expected[i]) << i;
}

TEST(ConvertTest, StudioYcbcrFollowsBt601) {
  const Image image = RandomImage(31, 9, 3, PixelType::kU8, 11);
  const Image ycc = Must(RgbToYcbcr(image, ColorSpace::kYcbcrStudio, PixelType::kU8));
  const Image luma = Must(Luma(image, ColorSpace::kYcbcrStudio, PixelType::kU8));
  EXPECT_EQ(ycc.color_space(), ColorSpace::kYcbcrStudio);
  for (int64_t y = 0; y < 9; ++y) {
    for (int64_t x = 0; x < 31; ++x) {
      const uint8_t* p = image.row<uint8_t>(y) + 3 * x;
      const double r = p[0] / 255.0, g = p[1] / 255.0, b = p[2] / 255.0;
      const uint8_t* q = ycc.row<uint8_t>(y) + 3 * x;
      EXPECT_NEAR(q[0], 16 + 65.481 * r + 128.553 * g + 24.966 * b, 0.5001);
      EXPECT_NEAR(q[1], 128 - 37.797 * r - 74.203 * g + 112.0 * b, 0.5001);
      EXPECT_NEAR(q[2], 128 + 112.0 * r - 93.786 * g - 18.214 * b, 0.5001);
      EXPECT_EQ(luma.row<uint8_t>(y)[x], q[0]);
    }
  }
}

TEST(ConvertTest, FullYcbcrOfWhiteAndRedIsJpegs) {
  Image image = Must(Image::Create(2, 1, 3, PixelType::kU8));
  const uint8_t pixels[] = {255, 255, 255, 255, 0, 0};
  std::memcpy(image.row<uint8_t>(0), pixels, sizeof(pixels));
  const Image ycc = Must(RgbToYcbcr(image, ColorSpace::kYcbcrFull, PixelType::kU8));
  const uint8_t expected[] = {255, 128, 128, 76, 85, 255};
  for (int i = 0; i < 6; ++i) EXPECT_EQ(ycc.row<uint8_t>(0)[i], expected[i]) << i;
}

TEST(ConvertTest, YcbcrAndBackIsTheSamePictureInFloat) {
  for (const ColorSpace range : {ColorSpace::kYcbcrStudio, ColorSpace::kYcbcrFull}) {
    const Image image = RandomImage(31, 9, 4, PixelType::kU8, 12);
    const Image ycc = Must(RgbToYcbcr(image, range, PixelType::kF32));
    ExpectSame(image, Must(YcbcrToRgb(ycc, PixelType::kU8)));
  }
}

TEST(ConvertTest, GrayIsTheFullRangeLuma) {
  const Image image = RandomImage(8, 8, 4, PixelType::kU16, 13);
  const Image gray = Must(ToGray(image));
  const Image luma = Must(Luma(image, ColorSpace::kYcbcrFull, PixelType::kU16));
  ASSERT_EQ(gray.channels(), 2);
  for (int64_t x = 0; x < 8; ++x) {
    EXPECT_EQ(gray.row<uint16_t>(5)[2 * x], luma.row<uint16_t>(5)[x]);
    EXPECT_EQ(gray.row<uint16_t>(5)[2 * x + 1], image.row<uint16_t>(5)[4 * x + 3]);
  }
}

TEST(ConvertTest, ChannelsAreAddedAndDroppedWithoutTouchingTheRest) {
  for (const PixelType type : {PixelType::kU8, PixelType::kU16, PixelType::kF32}) {
    const Image gray = RandomImage(7, 5, 1, type, 14);
    const Image rgba = Must(WithAlpha(Must(ToRgb(gray))));
    ASSERT_EQ(rgba.channels(), 4);
    EXPECT_EQ(rgba.color_space(), ColorSpace::kSrgb);
    const Image real = Must(ConvertType(rgba, PixelType::kF32));
    EXPECT_EQ(real.row<float>(4)[3], 1.0f);
    EXPECT_EQ(real.row<float>(4)[0], real.row<float>(4)[2]);
    const Image rgb = Must(WithoutAlpha(rgba));
    ExpectSame(Must(ToRgb(gray)), rgb);
    ExpectSame(Must(WithoutAlpha(Must(WithAlpha(gray)))), gray);
  }
}

TEST(ConvertTest, TheSrgbCurveHitsItsKnownPointsAndGoesBack) {
  Image image = Must(Image::Create(3, 1, 3, PixelType::kF32));
  const float values[] = {0.0f, 0.5f, 1.0f, 0.04045f, 0.02f, 0.735357f, 2.0f, -0.5f, 0.2f};
  std::memcpy(image.row<float>(0), values, sizeof(values));
  const Image linear = Must(ConvertCurve(image, ColorSpace::kLinear));
  EXPECT_FLOAT_EQ(linear.row<float>(0)[0], 0.0f);
  EXPECT_NEAR(linear.row<float>(0)[1], 0.2140411, 1e-6);
  EXPECT_FLOAT_EQ(linear.row<float>(0)[2], 1.0f);
  EXPECT_NEAR(linear.row<float>(0)[5], 0.5, 1e-5);
  const Image back = Must(ConvertCurve(linear, ColorSpace::kSrgb));
  for (int i = 0; i < 9; ++i) EXPECT_NEAR(back.row<float>(0)[i], values[i], 2e-6) << i;
}

TEST(ConvertTest, TheCurveLeavesAlphaAlone) {
  const Image image = RandomImage(9, 3, 4, PixelType::kU16, 15);
  const Image linear = Must(ConvertCurve(image, ColorSpace::kLinear));
  for (int64_t x = 0; x < 9; ++x) EXPECT_EQ(linear.row<uint16_t>(1)[4 * x + 3], image.row<uint16_t>(1)[4 * x + 3]);
}

TEST(ConvertTest, AskingForNonsenseIsAnError) {
  const Image image = RandomImage(3, 3, 3, PixelType::kU8, 16);
  EXPECT_FALSE(RgbToYcbcr(image, ColorSpace::kSrgb, PixelType::kU8).ok());
  EXPECT_FALSE(YcbcrToRgb(image, PixelType::kU8).ok());
  EXPECT_FALSE(ConvertCurve(image, ColorSpace::kIcc).ok());
  EXPECT_FALSE(ToGray(Must(RgbToYcbcr(image, ColorSpace::kYcbcrFull, PixelType::kU8))).ok());
  EXPECT_FALSE(ConvertType(ConstImageView(), PixelType::kF32).ok());
  EXPECT_FALSE(ToRgb(Image()).ok());
}

}  // namespace
}  // namespace safelight
