// SPDX-License-Identifier: Apache-2.0
//
// The shared odd pictures: each reads or gets a sentence, and none crashes. Skipped, and said so,
// where the shared data is not at hand.
#include <gtest/gtest.h>

#include "image/test_support.h"
#include "safelight/image.h"

namespace safelight {
namespace {

std::filesystem::path FormatsFolder() {
  const std::filesystem::path shared = SharedFolder();
  return shared.empty() ? shared : shared / "data" / "images" / "formats";
}

#define REQUIRE_SHARED_DATA()                                                                                 \
  if (FormatsFolder().empty() || !std::filesystem::exists(FormatsFolder())) {                                 \
    GTEST_SKIP() << "the shared data is not here: put it beside the checkout or name it in SAFELIGHT_SHARED"; \
  }

TEST(FormatsTest, EveryFileReadsOrGetsASentence) {
  REQUIRE_SHARED_DATA();
  int count = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(FormatsFolder())) {
    if (!entry.is_regular_file()) continue;
    ++count;
    const Result<Image> image = ReadImage(entry.path().string());
    if (image.ok()) {
      EXPECT_GT(image->width(), 0) << entry.path();
    } else {
      EXPECT_NE(image.status().message().find(entry.path().filename().string() + ": "), std::string::npos);
    }
  }
  EXPECT_GE(count, 90);
}

TEST(FormatsTest, WholeFilesReadAtTheirSize) {
  REQUIRE_SHARED_DATA();
  struct Case {
    const char* name;
    int64_t width, height;
    int channels;
    PixelType type;
  };
  const Case cases[] = {
      {"00017_gray.png", 500, 351, 1, PixelType::kU8},        {"children-alpha.png", 566, 350, 4, PixelType::kU8},
      {"indexed.png", 290, 442, 3, PixelType::kU8},           {"rgba.png", 128, 128, 4, PixelType::kU8},
      {"tree_alpha_16bit.png", 342, 256, 4, PixelType::kU16}, {"sample.jpg", 290, 442, 3, PixelType::kU8}};
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    const Image image = Must(ReadImage((FormatsFolder() / c.name).string()));
    EXPECT_EQ(image.width(), c.width);
    EXPECT_EQ(image.height(), c.height);
    EXPECT_EQ(image.channels(), c.channels);
    EXPECT_EQ(image.type(), c.type);
  }
}

TEST(FormatsTest, TheTruncatedJpegIsRefused) {
  REQUIRE_SHARED_DATA();
  EXPECT_EQ(ReadImage((FormatsFolder() / "truncated.jpg").string()).status().code(), StatusCode::kCorruptData);
}

TEST(FormatsTest, CrashersOfOthersAreOnlyErrorsHere) {
  REQUIRE_SHARED_DATA();
  int refused = 0;
  for (const auto& entry : std::filesystem::directory_iterator(FormatsFolder() / "png_crashers")) {
    const Result<Image> image = ReadImage(entry.path().string());
    if (!image.ok()) ++refused;
  }
  EXPECT_GE(refused, 20);
}

// Names of PngSuite files start with 'i' when interlaced; the picture is the one without it.
TEST(FormatsTest, InterlacingDoesNotChangeAPicture) {
  REQUIRE_SHARED_DATA();
  int pairs = 0;
  for (const auto& entry : std::filesystem::directory_iterator(FormatsFolder() / "pngsuite")) {
    const std::filesystem::path interlaced = entry.path().parent_path() / ("i" + entry.path().filename().string());
    if (!std::filesystem::exists(interlaced)) continue;
    ++pairs;
    SCOPED_TRACE(entry.path());
    ExpectSame(Must(ReadImage(entry.path().string())), Must(ReadImage(interlaced.string())));
  }
  EXPECT_GE(pairs, 25);
}

}  // namespace
}  // namespace safelight
