// SPDX-License-Identifier: Apache-2.0
//
// JPEG: closeness at each quality, orientation, metadata, CMYK, and files that end early.
#include <gtest/gtest.h>
#include <jpeglib.h>

#include <cstdio>

#include "image/exif_for_tests.h"
#include "image/test_support.h"
#include "safelight/image.h"

namespace safelight {
namespace {

TEST(JpegTest, SmoothPicturesComeBackClose) {
  const TempFolder folder;
  for (const int channels : {1, 3}) {
    for (const int size : {1, 7, 8, 9, 31}) {
      const Image image = SmoothImage(size, 40 - size, channels);
      ExpectOk(WriteImage(folder / "a.jpg", image, {.jpeg_quality = 95}));
      const Image back = Must(ReadImage(folder / "a.jpg"));
      ASSERT_EQ(back.channels(), channels);
      ASSERT_EQ(back.width(), size);
      EXPECT_LE(LargestDifference(image, back), 4);
    }
  }
}

TEST(JpegTest, QualityIsPaidInBytes) {
  const TempFolder folder;
  const Image image = RandomImage(64, 64, 3, PixelType::kU8, 30);
  size_t before = 0;
  for (const int quality : {10, 50, 80, 95, 100}) {
    ExpectOk(WriteImage(folder / "a.jpg", image, {.jpeg_quality = quality}));
    const size_t size_bytes = std::filesystem::file_size(folder / "a.jpg");
    EXPECT_GT(size_bytes, before);
    before = size_bytes;
  }
  EXPECT_FALSE(WriteImage(folder / "a.jpg", image, {.jpeg_quality = 0}).ok());
  EXPECT_FALSE(WriteImage(folder / "a.jpg", image, {.jpeg_quality = 101}).ok());
}

// Four flat quarters, numbered 0 1 / 2 3, on a picture of 32 x 16.
Image Quarters() {
  Image image = Image::Create(32, 16, 1, PixelType::kU8).value();
  for (int64_t y = 0; y < 16; ++y) {
    for (int64_t x = 0; x < 32; ++x) image.row<uint8_t>(y)[x] = static_cast<uint8_t>(30 + 60 * (x / 16 + 2 * (y / 8)));
  }
  return image;
}

TEST(JpegTest, OrientationIsAppliedAndTheTagReset) {
  const TempFolder folder;
  // Quarters as they are shown: top left, top right, bottom left, bottom right.
  const int shown[8][4] = {{0, 1, 2, 3}, {1, 0, 3, 2}, {3, 2, 1, 0}, {2, 3, 0, 1},
                           {0, 2, 1, 3}, {2, 0, 3, 1}, {3, 1, 2, 0}, {1, 3, 0, 2}};
  for (int orientation = 1; orientation <= 8; ++orientation) {
    ImageMetadata metadata;
    metadata.exif = MakeExif(orientation, orientation % 2 == 0);
    ExpectOk(WriteImage(folder / "a.jpg", Quarters(), {.jpeg_quality = 95, .metadata = &metadata}));
    const Image image = Must(ReadImage(folder / "a.jpg"));
    ASSERT_EQ(image.width(), orientation < 5 ? 32 : 16);
    const int64_t w = image.width(), h = image.height();
    const int64_t places[4][2] = {{w / 4, h / 4}, {3 * w / 4, h / 4}, {w / 4, 3 * h / 4}, {3 * w / 4, 3 * h / 4}};
    for (int i = 0; i < 4; ++i) {
      EXPECT_NEAR(image.row<uint8_t>(places[i][1])[places[i][0]], 30 + 60 * shown[orientation - 1][i], 3)
          << "orientation " << orientation << ", quarter " << i;
    }
    EXPECT_EQ(image.metadata.exif, MakeExif(1, orientation % 2 == 0));
  }
}

// A profile as far as anyone here looks: its size, its colour space.
std::vector<std::byte> FakeIcc(const char* color_space, size_t size_bytes) {
  std::vector<std::byte> icc(size_bytes, std::byte{'x'});
  std::memcpy(icc.data() + 16, color_space, 4);
  return icc;
}

TEST(JpegTest, MetadataAndALongProfileComeBack) {
  const TempFolder folder;
  ImageMetadata metadata;
  metadata.exif = MakeExif(1, true);
  metadata.xmp = BytesOf("<x:xmpmeta/>");
  metadata.icc = FakeIcc("RGB ", 150000);  // three markers long
  ExpectOk(WriteImage(folder / "a.jpg", SmoothImage(20, 20, 3), {.metadata = &metadata}));
  const Image back = Must(ReadImage(folder / "a.jpg"));
  EXPECT_EQ(back.metadata.exif, metadata.exif);
  EXPECT_EQ(back.metadata.xmp, metadata.xmp);
  EXPECT_EQ(back.metadata.icc, metadata.icc);
  EXPECT_EQ(back.color_space(), ColorSpace::kIcc);
}

TEST(JpegTest, AProfileForColourIsNotWrittenIntoAGrayPicture) {
  const TempFolder folder;
  ImageMetadata metadata;
  metadata.icc = FakeIcc("RGB ", 200);
  ExpectOk(WriteImage(folder / "a.jpg", SmoothImage(20, 20, 1), {.metadata = &metadata}));
  EXPECT_TRUE(Must(ReadImage(folder / "a.jpg")).metadata.icc.empty());
}

TEST(JpegTest, OpaqueAlphaIsDroppedAndTransparencyIsRefused) {
  const TempFolder folder;
  Image image = Must(WithAlpha(SmoothImage(20, 20, 3)));
  ExpectOk(WriteImage(folder / "a.jpg", image));
  EXPECT_EQ(Must(ReadImage(folder / "a.jpg")).channels(), 3);
  image.row<uint8_t>(7)[4 * 5 + 3] = 100;
  const Status status = WriteImage(folder / "b.jpg", image);
  EXPECT_EQ(status.code(), StatusCode::kUnsupported);
  EXPECT_NE(status.message().find("transparency"), std::string::npos);
  EXPECT_EQ(folder.Files(), 1u);
}

TEST(JpegTest, LinearPicturesGetTheSrgbCurve) {
  const TempFolder folder;
  Image image = Must(Image::Create(16, 16, 3, PixelType::kF32, ColorSpace::kLinear));
  for (int64_t y = 0; y < 16; ++y) {
    for (int i = 0; i < 48; ++i) image.row<float>(y)[i] = 0.2140411f;
  }
  ExpectOk(WriteImage(folder / "a.jpg", image));
  EXPECT_NEAR(Must(ReadImage(folder / "a.jpg")).row<uint8_t>(5)[9], 127.5, 1.5);
}

void WriteCmyk(const std::string& path, bool adobe, bool progressive) {
  jpeg_compress_struct encoder;
  jpeg_error_mgr errors;
  encoder.err = jpeg_std_error(&errors);
  jpeg_create_compress(&encoder);
  std::FILE* file = std::fopen(path.c_str(), "wb");
  jpeg_stdio_dest(&encoder, file);
  encoder.image_width = encoder.image_height = 16;
  encoder.input_components = 4;
  encoder.in_color_space = JCS_CMYK;
  jpeg_set_defaults(&encoder);
  encoder.write_Adobe_marker = adobe ? TRUE : FALSE;
  jpeg_set_quality(&encoder, 100, TRUE);
  if (progressive) jpeg_simple_progression(&encoder);
  jpeg_start_compress(&encoder, TRUE);
  // Inks of 20 %, 0, 60 % and 10 % of black; Adobe stores what is left of the paper.
  std::vector<JSAMPLE> row;
  for (int x = 0; x < 16; ++x) {
    for (const int ink : {51, 0, 153, 25}) row.push_back(static_cast<JSAMPLE>(adobe ? 255 - ink : ink));
  }
  JSAMPROW pointer = row.data();
  for (int y = 0; y < 16; ++y) jpeg_write_scanlines(&encoder, &pointer, 1);
  jpeg_finish_compress(&encoder);
  jpeg_destroy_compress(&encoder);
  std::fclose(file);
}

TEST(JpegTest, CmykBecomesRgb) {
  const TempFolder folder;
  for (const bool adobe : {false, true}) {
    WriteCmyk(folder / "a.jpg", adobe, adobe);
    const Image image = Must(ReadImage(folder / "a.jpg"));
    ASSERT_EQ(image.channels(), 3);
    const uint8_t* pixel = image.row<uint8_t>(8) + 3 * 8;
    EXPECT_NEAR(pixel[0], 204 * 230 / 255, 2);
    EXPECT_NEAR(pixel[1], 255 * 230 / 255, 2);
    EXPECT_NEAR(pixel[2], 102 * 230 / 255, 2);
  }
}

TEST(JpegTest, EveryCutIsAnErrorAndNotHalfAPicture) {
  const TempFolder folder;
  ExpectOk(WriteImage(folder / "a.jpg", RandomImage(40, 30, 3, PixelType::kU8, 31)));
  WriteCmyk(folder / "b.jpg", true, true);
  for (const char* name : {"a.jpg", "b.jpg"}) {
    const std::vector<char> bytes = ReadBytes(folder / name);
    for (size_t size = 3; size < bytes.size(); size += 1 + bytes.size() / 97) {
      WriteBytes(folder / "cut.jpg", {bytes.begin(), bytes.begin() + static_cast<ptrdiff_t>(size)});
      const Status status = ReadImage(folder / "cut.jpg").status();
      EXPECT_EQ(status.code(), StatusCode::kCorruptData) << name << " cut to " << size;
      EXPECT_NE(status.message().find("cut.jpg: broken JPEG: "), std::string::npos) << status.message();
    }
  }
}

TEST(JpegTest, SidesBeyondTheFormatAreRefused) {
  const TempFolder folder;
  const Image image = Must(Image::Create(65501, 1, 1, PixelType::kU8));
  EXPECT_EQ(WriteImage(folder / "a.jpg", image).code(), StatusCode::kUnsupported);
  EXPECT_EQ(folder.Files(), 0u);
}

}  // namespace
}  // namespace safelight
