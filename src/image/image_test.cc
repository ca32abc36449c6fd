// SPDX-License-Identifier: Apache-2.0
//
// Image: what it owns, what it refuses.
#include "safelight/image.h"

#include <gtest/gtest.h>

#include <type_traits>

#include "image/test_support.h"

namespace safelight {
namespace {

static_assert(!std::is_copy_constructible_v<Image> && !std::is_copy_assignable_v<Image>);

TEST(ImageTest, IsBlackAndWithoutGapsAtFirst) {
  const Image image = Must(Image::Create(7, 3, 3, PixelType::kU16));
  EXPECT_EQ(image.view().stride_bytes, 7u * 3 * 2);
  EXPECT_EQ(reinterpret_cast<uintptr_t>(image.view().data) % 64, 0u);
  for (int64_t y = 0; y < 3; ++y) {
    for (int i = 0; i < 21; ++i) EXPECT_EQ(image.row<uint16_t>(y)[i], 0);
  }
}

TEST(ImageTest, MovingLeavesTheSourceEmpty) {
  Image a = RandomImage(5, 4, 3, PixelType::kU8, 1);
  a.metadata.icc = BytesOf("profile");
  const std::byte* data = a.view().data;
  const Image b = std::move(a);
  EXPECT_EQ(b.view().data, data);
  EXPECT_EQ(b.metadata.icc.size(), 7u);
  EXPECT_TRUE(a.empty());  // NOLINT(bugprone-use-after-move): the claim
  EXPECT_EQ(a.width(), 0);
}

TEST(ImageTest, ACloneIsEqualAndApart) {
  Image a = RandomImage(5, 4, 4, PixelType::kF32, 2);
  a.metadata.exif = BytesOf("exif");
  Image b = Must(a.Clone());
  ExpectSame(a, b);
  EXPECT_EQ(b.metadata.exif, a.metadata.exif);
  b.row<float>(0)[0] = 9;
  EXPECT_NE(a.row<float>(0)[0], 9);
}

TEST(ImageTest, AlphaIsKnownByChannels) {
  for (int channels = 1; channels <= 4; ++channels) {
    const Image image = Must(Image::Create(2, 2, channels, PixelType::kU8));
    EXPECT_EQ(image.has_alpha(), channels % 2 == 0);
    EXPECT_EQ(image.color_space(), channels <= 2 ? ColorSpace::kGray : ColorSpace::kSrgb);
  }
}

TEST(ImageTest, SizesThatMakeNoPictureAreRefused) {
  EXPECT_EQ(Image::Create(0, 4, 3, PixelType::kU8).status().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(Image::Create(4, -1, 3, PixelType::kU8).status().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(Image::Create(4, 4, 5, PixelType::kU8).status().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(Image::Create(INT64_MAX, 4, 3, PixelType::kU8).status().code(), StatusCode::kInvalidArgument);
  const int64_t huge = (int64_t{1} << 31) - 1;
  EXPECT_EQ(Image::Create(huge, huge, 4, PixelType::kF32).status().code(), StatusCode::kResourceLimit);
}

TEST(ImageTest, ACropSeesTheSamePixels) {
  const Image image = RandomImage(9, 8, 3, PixelType::kU8, 3);
  const ConstImageView crop = image.view().Crop(2, 3, 4, 5);
  EXPECT_EQ(crop.row(1), image.view().row(4) + 6);
  EXPECT_EQ(crop.row_bytes(), 12u);
}

}  // namespace
}  // namespace safelight
