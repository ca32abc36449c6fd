// SPDX-License-Identifier: Apache-2.0
//
// WebP: lossless to the bit, lossy close, alpha, metadata, animation refused.
#include <gtest/gtest.h>

#include "image/exif_for_tests.h"
#include "image/test_support.h"
#include "safelight/image.h"

namespace safelight {
namespace {

TEST(WebpTest, LosslessIsTheSamePicture) {
  const TempFolder folder;
  for (const int channels : {3, 4}) {
    for (const int size : {1, 7, 8, 9, 31}) {
      const Image image = RandomImage(size, 40 - size, channels, PixelType::kU8, static_cast<unsigned>(size));
      ExpectOk(WriteImage(folder / "a.webp", image, {.webp_quality = 20, .webp_lossless = true}));
      ExpectSame(image, Must(ReadImage(folder / "a.webp")));
    }
  }
}

TEST(WebpTest, LossyIsCloseAndKeepsAlpha) {
  const TempFolder folder;
  Image image = Must(WithAlpha(SmoothImage(33, 21, 3)));
  for (int64_t y = 0; y < 21; ++y) {
    for (int64_t x = 0; x < 33; ++x) image.row<uint8_t>(y)[4 * x + 3] = static_cast<uint8_t>(100 + 4 * x);
  }
  ExpectOk(WriteImage(folder / "a.webp", image, {.webp_quality = 95}));
  const Image back = Must(ReadImage(folder / "a.webp"));
  ASSERT_EQ(back.channels(), 4);
  for (int64_t x = 0; x < 33; ++x) EXPECT_EQ(back.row<uint8_t>(9)[4 * x + 3], image.row<uint8_t>(9)[4 * x + 3]);
  EXPECT_LE(LargestDifference(image, back), 12);
}

TEST(WebpTest, GrayIsWrittenAsRgb) {
  const TempFolder folder;
  const Image gray = SmoothImage(17, 9, 1);
  ExpectOk(WriteImage(folder / "a.webp", gray, {.webp_lossless = true}));
  ExpectSame(Must(ToRgb(gray)), Must(ReadImage(folder / "a.webp")));
}

TEST(WebpTest, MetadataComesBackAndOrientationIsApplied) {
  const TempFolder folder;
  const Image image = RandomImage(9, 5, 3, PixelType::kU8, 40);
  ImageMetadata metadata;
  metadata.exif = MakeExif(6, false);
  metadata.xmp = BytesOf("<x:xmpmeta/>");
  metadata.icc.assign(200, std::byte{'x'});
  std::memcpy(metadata.icc.data() + 16, "RGB ", 4);
  ExpectOk(WriteImage(folder / "a.webp", image, {.webp_lossless = true, .metadata = &metadata}));
  const Image back = Must(ReadImage(folder / "a.webp"));
  EXPECT_EQ(back.width(), 5);
  EXPECT_EQ(back.metadata.exif, MakeExif(1, false));
  EXPECT_EQ(back.metadata.xmp, metadata.xmp);
  EXPECT_EQ(back.metadata.icc, metadata.icc);
  EXPECT_EQ(std::memcmp(back.row<uint8_t>(0), image.row<uint8_t>(4), 3), 0);
}

TEST(WebpTest, SidesBeyondTheFormatAreRefused) {
  const TempFolder folder;
  const Image image = Must(Image::Create(16384, 1, 3, PixelType::kU8));
  EXPECT_EQ(WriteImage(folder / "a.webp", image).code(), StatusCode::kUnsupported);
  EXPECT_EQ(folder.Files(), 0u);
}

TEST(WebpTest, EveryCutIsAnError) {
  const TempFolder folder;
  for (const bool lossless : {false, true}) {
    const Image image = RandomImage(40, 30, 4, PixelType::kU8, 41);
    ExpectOk(WriteImage(folder / "a.webp", image, {.webp_lossless = lossless}));
    const std::vector<char> bytes = ReadBytes(folder / "a.webp");
    for (size_t size = 12; size + 2 < bytes.size(); size += 1 + bytes.size() / 97) {
      WriteBytes(folder / "cut.webp", {bytes.begin(), bytes.begin() + static_cast<ptrdiff_t>(size)});
      EXPECT_FALSE(ReadImage(folder / "cut.webp").ok()) << size << " of " << bytes.size();
    }
  }
}

// The header of an extended file whose animation flag is set.
TEST(WebpTest, AnimationsAreRefusedByASentence) {
  const TempFolder folder;
  std::string bytes("RIFF\x2a\0\0\0WEBPVP8X\x0a\0\0\0\x02\0\0\0\x07\0\0\x07\0\0", 30);
  bytes += std::string("ANIM\x06\0\0\0\xff\xff\xff\xff\0\0", 14) + std::string(6, '\0');
  WriteBytes(folder / "a.webp", {bytes.begin(), bytes.end()});
  const Status status = ReadImage(folder / "a.webp").status();
  EXPECT_EQ(status.code(), StatusCode::kUnsupported) << status.message();
  EXPECT_NE(status.message().find("animated"), std::string::npos);
}

}  // namespace
}  // namespace safelight
