// SPDX-License-Identifier: Apache-2.0
//
// The orientation tag in both byte orders, broken tags, and the eight turnings.
#include "image/exif.h"

#include <gtest/gtest.h>

#include <random>

#include "image/exif_for_tests.h"
#include "image/test_support.h"

namespace safelight {
namespace {

TEST(ExifTest, TheTagIsReadAndResetInBothByteOrders) {
  for (const bool big_endian : {false, true}) {
    for (int orientation = 1; orientation <= 8; ++orientation) {
      std::vector<std::byte> exif = MakeExif(orientation, big_endian);
      EXPECT_EQ(ExifOrientation(exif), orientation);
      ResetExifOrientation(exif);
      EXPECT_EQ(exif, MakeExif(1, big_endian));
    }
  }
}

TEST(ExifTest, BytesThatMakeNoSenseAreUpright) {
  EXPECT_EQ(ExifOrientation({}), 1);
  EXPECT_EQ(ExifOrientation(BytesOf("II*")), 1);
  EXPECT_EQ(ExifOrientation(BytesOf("not a TIFF structure")), 1);
  EXPECT_EQ(ExifOrientation(MakeExif(9, false)), 1);
  EXPECT_EQ(ExifOrientation(MakeExif(0, true)), 1);
}

TEST(ExifTest, CutAndFlippedBytesAreSafe) {
  std::mt19937 random(7);
  for (int round = 0; round < 2000; ++round) {
    std::vector<std::byte> exif = MakeExif(6, round % 2 == 0);
    exif.resize(random() % (exif.size() + 1));
    for (int flips = 0; flips < 3 && !exif.empty(); ++flips)
      exif[random() % exif.size()] ^= std::byte(1 << random() % 8);
    // A block of its exact size, so that a sanitizer sees one byte too many.
    std::vector<std::byte> exact(exif);
    exact.shrink_to_fit();
    const int orientation = ExifOrientation(exact);
    EXPECT_GE(orientation, 1);
    EXPECT_LE(orientation, 8);
    ResetExifOrientation(exact);
    EXPECT_EQ(ExifOrientation(exact), 1) << "seed 7, round " << round;
  }
}

// EXIF 2.3, tag 274: which visual side row 0 and column 0 of the stored picture are. A stored
//   1 2 3
//   4 5 6
// is shown as these rows.
TEST(ExifTest, EachOrientationShowsWhatTheStandardSays) {
  const std::vector<std::vector<int>> shown[] = {
      {{1, 2, 3}, {4, 5, 6}},   {{3, 2, 1}, {6, 5, 4}},   {{6, 5, 4}, {3, 2, 1}},   {{4, 5, 6}, {1, 2, 3}},
      {{1, 4}, {2, 5}, {3, 6}}, {{4, 1}, {5, 2}, {6, 3}}, {{6, 3}, {5, 2}, {4, 1}}, {{3, 6}, {2, 5}, {1, 4}}};
  for (const PixelType type : {PixelType::kU8, PixelType::kU16, PixelType::kF32}) {
    for (int channels = 1; channels <= 4; ++channels) {
      for (int orientation = 1; orientation <= 8; ++orientation) {
        Image stored = Must(Image::Create(3, 2, channels, PixelType::kU8));
        for (int i = 0; i < 6 * channels; ++i) stored.row<uint8_t>(0)[i] = static_cast<uint8_t>(i / channels + 1);
        const Image turned = Must(ApplyOrientation(Must(ConvertType(stored, type)), orientation));
        const Image bytes = Must(ConvertType(turned, PixelType::kU8));
        const auto& rows = shown[orientation - 1];
        ASSERT_EQ(bytes.height(), static_cast<int64_t>(rows.size()));
        ASSERT_EQ(bytes.width(), static_cast<int64_t>(rows[0].size()));
        for (int64_t y = 0; y < bytes.height(); ++y) {
          for (int64_t x = 0; x < bytes.width(); ++x) {
            EXPECT_EQ(bytes.row<uint8_t>(y)[x * channels], rows[static_cast<size_t>(y)][static_cast<size_t>(x)])
                << "orientation " << orientation;
          }
        }
      }
    }
  }
}

}  // namespace
}  // namespace safelight
