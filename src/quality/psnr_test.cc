// SPDX-License-Identifier: Apache-2.0
//
// PSNR against numbers worked out by hand, and against the one that every paper on super-resolution
// prints: bicubic x3 on Set5.
#include "quality/psnr.h"

#include <gtest/gtest.h>

#include <cmath>
#include <string>

#include "image/test_support.h"

namespace safelight {
namespace {

Image Flat(int64_t width, int64_t height, int channels, uint8_t value) {
  Image image = Image::Create(width, height, channels, PixelType::kU8).value();
  for (int64_t y = 0; y < height; ++y) {
    for (int64_t i = 0; i < width * channels; ++i) image.row<uint8_t>(y)[i] = value;
  }
  return image;
}

double PsnrOf(const ConstImageView& a, const ConstImageView& b, const PsnrOptions& options = {}) {
  const Result<double> psnr = Psnr(a, b, options);
  EXPECT_TRUE(psnr.ok()) << psnr.status().message();
  return psnr.ok() ? *psnr : NAN;
}

TEST(PsnrTest, EqualPicturesAreInfinitelyAlike) {
  const Image image = Flat(7, 5, 3, 90);
  EXPECT_TRUE(std::isinf(PsnrOf(image, image)));
}

TEST(PsnrTest, OneStepEverywhereIs48Decibels) {
  EXPECT_NEAR(PsnrOf(Flat(9, 4, 3, 100), Flat(9, 4, 3, 101)), 20 * std::log10(255.0), 1e-4);
}

TEST(PsnrTest, StudioLumaWeighsAGrayStepBy219Of255) {
  const PsnrOptions studio{PsnrChannel::kYStudio, 0};
  const PsnrOptions full{PsnrChannel::kYFull, 0};
  const Image a = Flat(9, 4, 3, 100), b = Flat(9, 4, 3, 110);
  EXPECT_NEAR(PsnrOf(a, b, studio), 20 * std::log10(255.0 / (10 * 219.0 / 255)), 1e-3);
  EXPECT_NEAR(PsnrOf(a, b, full), 20 * std::log10(255.0 / 10), 1e-3);
}

TEST(PsnrTest, TheCropLeavesTheBorderOut) {
  const Image a = Flat(8, 6, 1, 50);
  Image b = Flat(8, 6, 1, 50);
  b.row<uint8_t>(0)[3] = 255;
  b.row<uint8_t>(4)[0] = 0;
  EXPECT_LT(PsnrOf(a, b), 30);
  EXPECT_TRUE(std::isinf(PsnrOf(a, b, {PsnrChannel::kRgb, 1})));
}

TEST(PsnrTest, AlphaIsLeftOutAndTypesMayDiffer) {
  const Image a = Flat(8, 6, 3, 51);
  Image b = WithAlpha(a).value();
  for (int64_t x = 0; x < 8; ++x) b.row<uint8_t>(2)[4 * x + 3] = 7;
  EXPECT_TRUE(std::isinf(PsnrOf(a, b)));
  const Image wide = ConvertType(a, PixelType::kU16).value();
  EXPECT_GT(PsnrOf(a, wide), 120);
}

TEST(PsnrTest, PicturesThatCannotBeComparedAreRefused) {
  EXPECT_FALSE(Psnr(Flat(8, 6, 3, 1), Flat(8, 7, 3, 1)).ok());
  EXPECT_FALSE(Psnr(Flat(8, 6, 3, 1), Flat(8, 6, 1, 1)).ok());
  EXPECT_FALSE(Psnr(Flat(8, 6, 3, 1), Flat(8, 6, 3, 1), {PsnrChannel::kRgb, 3}).ok());
  EXPECT_FALSE(Psnr(Flat(8, 6, 3, 1), Flat(8, 6, 3, 1), {PsnrChannel::kRgb, -1}).ok());
  EXPECT_FALSE(Psnr(Image(), Flat(8, 6, 3, 1)).ok());
}

TEST(PsnrTest, BicubicOnSet5TimesThreeIsTheLiteraturesNumber) {
  if (SharedFolder().empty())
    GTEST_SKIP() << "the shared data is not here: put it beside the checkout or set SAFELIGHT_SHARED";
  double sum = 0;
  for (int i = 1; i <= 5; ++i) {
    const std::string name = "img_00" + std::to_string(i) + "_SRF_3_HR.png";
    const Image whole = Must(ReadImage((SharedFolder() / "data/images/set5/x3" / name).string()));
    const int64_t width = whole.width() / 3 * 3, height = whole.height() / 3 * 3;
    const ConstImageView reference = whole.view().Crop(0, 0, width, height);
    const Image small = Must(Resize(reference, width / 3, height / 3, Filter::kBicubic));
    const Image large = Must(Resize(small, width, height, Filter::kBicubic));
    sum += PsnrOf(reference, large, {PsnrChannel::kYStudio, 3});
  }
  EXPECT_NEAR(sum / 5, 30.41, 0.02);
}

}  // namespace
}  // namespace safelight
