// SPDX-License-Identifier: Apache-2.0
//
// Files as their user meets them: names, formats, failures that leave nothing, damaged files.
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <csignal>
#include <random>

#include "image/test_support.h"
#include "safelight/image.h"

namespace safelight {
namespace {

constexpr const char* kLinked[] = {"png", "jpg", "webp"};

TEST(IoTest, TheFirstBytesTellTheFormatAndNotTheName) {
  const TempFolder folder;
  const Image image = SmoothImage(20, 10, 3);
  for (const char* extension : kLinked) {
    const std::string path = folder / ("a." + std::string(extension));
    ExpectOk(WriteImage(path, image));
    std::filesystem::rename(path, folder / "picture.bmp");
    EXPECT_EQ(Must(ReadImage(folder / "picture.bmp")).width(), 20);
  }
}

TEST(IoTest, ExtensionsMayBeInCapitals) {
  const TempFolder folder;
  ExpectOk(WriteImage(folder / "A.PNG", SmoothImage(4, 4, 3)));
  ExpectOk(WriteImage(folder / "B.JpEg", SmoothImage(4, 4, 3)));
  EXPECT_EQ(ReadBytes(folder / "A.PNG")[1], 'P');
}

TEST(IoTest, AnOutputMayReplaceItsInput) {
  const TempFolder folder;
  for (const char* extension : kLinked) {
    const std::string path = folder / ("a." + std::string(extension));
    ExpectOk(WriteImage(path, SmoothImage(20, 10, 3)));
    const Image image = Must(ReadImage(path));
    ExpectOk(WriteImage(path, Must(Resize(image, 40, 20, Filter::kBicubic))));
    EXPECT_EQ(Must(ReadImage(path)).width(), 40);
  }
  EXPECT_EQ(folder.Files(), 3u);
}

TEST(IoTest, ACropIsWrittenLikeACopyOfIt) {
  const TempFolder folder;
  const Image image = RandomImage(31, 20, 4, PixelType::kU8, 50);
  const ConstImageView crop = image.view().Crop(4, 5, 9, 8);
  const Image copy = Must(ConvertType(crop, PixelType::kU8));
  ExpectOk(WriteImage(folder / "a.png", crop));
  ExpectSame(copy, Must(ReadImage(folder / "a.png")));
  ExpectOk(WriteImage(folder / "a.webp", crop, {.webp_lossless = true}));
  ExpectSame(copy, Must(ReadImage(folder / "a.webp")));
}

TEST(IoTest, MissingAndForeignFilesGetASentenceWithTheirName) {
  const TempFolder folder;
  EXPECT_EQ(ReadImage(folder / "none.png").status().code(), StatusCode::kNotFound);
  EXPECT_NE(ReadImage(folder / "none.png").status().message().find("none.png"), std::string::npos);
  WriteBytes(folder / "text.png", {'h', 'e', 'l', 'l', 'o', '\n'});
  EXPECT_EQ(ReadImage(folder / "text.png").status().code(), StatusCode::kCorruptData);
  EXPECT_NE(ReadImage(folder / "text.png").status().message().find("not a picture"), std::string::npos);
  WriteBytes(folder / "empty.png", {});
  EXPECT_EQ(ReadImage(folder / "empty.png").status().code(), StatusCode::kCorruptData);
  std::filesystem::create_directory(folder / "folder.png");
  EXPECT_EQ(ReadImage(folder / "folder.png").status().code(), StatusCode::kInvalidArgument);
}

TEST(IoTest, NamesThatTellNoFormatAreRefused) {
  const TempFolder folder;
  const Image image = SmoothImage(4, 4, 3);
  EXPECT_EQ(WriteImage(folder / "noname", image).code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(WriteImage(folder / "a.xyz", image).code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(WriteImage(folder / "a.png", Image()).code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(WriteImage(folder / "a.png", image, {.png_level = 10}).code(), StatusCode::kInvalidArgument);
  const Image ycc = Must(RgbToYcbcr(image, ColorSpace::kYcbcrFull, PixelType::kU8));
  EXPECT_EQ(WriteImage(folder / "a.png", ycc).code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(folder.Files(), 0u);
}

TEST(IoTest, AMissingFolderIsASentence) {
  const TempFolder folder;
  for (const char* extension : kLinked) {
    const Status status = WriteImage(folder / ("none/a." + std::string(extension)), SmoothImage(4, 4, 3));
    EXPECT_EQ(status.code(), StatusCode::kNotFound);
    EXPECT_NE(status.message().find("folder is missing"), std::string::npos) << status.message();
  }
  EXPECT_EQ(folder.Files(), 0u);
}

TEST(IoTest, AFullDeviceIsASentence) {
  const TempFolder folder;
  for (const char* extension : kLinked) {
    const std::string path = folder / ("a." + std::string(extension));
    std::filesystem::create_symlink("/dev/full", path);
    const Status status = WriteImage(path, RandomImage(300, 300, 3, PixelType::kU8, 51));
    EXPECT_EQ(status.code(), StatusCode::kIoError) << extension;
    EXPECT_NE(status.message().find("no space"), std::string::npos) << status.message();
  }
}

// A limit on file sizes fails writes in the middle, as a disk that fills up does.
TEST(IoTest, ADiskThatFillsUpLeavesTheFormerFile) {
  const TempFolder folder;
  for (const char* extension : kLinked) {
    const std::string path = folder / ("a." + std::string(extension));
    ExpectOk(WriteImage(path, SmoothImage(20, 10, 3)));
    rlimit before;
    ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
    auto* handler = std::signal(SIGXFSZ, SIG_IGN);
    rlimit small = before;
    small.rlim_cur = 20000;
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
    const Status status = WriteImage(path, RandomImage(300, 300, 3, PixelType::kU8, 52));
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
    std::signal(SIGXFSZ, handler);
    EXPECT_EQ(status.code(), StatusCode::kIoError) << extension;
    EXPECT_EQ(Must(ReadImage(path)).width(), 20);
  }
  EXPECT_EQ(folder.Files(), 3u);
}

TEST(IoTest, PicturesAboveTheLimitAreRefused) {
  const TempFolder folder;
  for (const char* extension : kLinked) {
    const std::string path = folder / ("a." + std::string(extension));
    ExpectOk(WriteImage(path, SmoothImage(20, 10, 3)));
    EXPECT_EQ(ReadImage(path, {.max_pixels = 199}).status().code(), StatusCode::kResourceLimit);
    EXPECT_TRUE(ReadImage(path, {.max_pixels = 200}).ok());
  }
}

class DamageTest : public testing::TestWithParam<const char*> {
 protected:
  // A file of the format with metadata in it.
  std::vector<char> GoodFile(const TempFolder& folder, bool gray) {
    ImageMetadata metadata;
    metadata.exif = BytesOf(std::string("II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0", 26));
    metadata.xmp = BytesOf("<x:xmpmeta/>");
    const std::string path = folder / (std::string("good.") + GetParam());
    const Image image = RandomImage(33, 17, gray ? 1 : 3, PixelType::kU8, 60);
    ExpectOk(WriteImage(path, image, {.webp_lossless = gray, .metadata = &metadata}));
    return ReadBytes(path);
  }
};

TEST_P(DamageTest, CutFilesAreReadOrRefusedByASentence) {
  const TempFolder folder;
  const std::vector<char> good = GoodFile(folder, false);
  for (size_t size = 0; size < good.size(); size += 1 + good.size() / 200) {
    WriteBytes(folder / "cut", {good.begin(), good.begin() + static_cast<ptrdiff_t>(size)});
    const Result<Image> image = ReadImage(folder / "cut");
    if (!image.ok()) {
      EXPECT_NE(image.status().message().find("/cut: "), std::string::npos);
    }
    // Only bytes behind the picture itself may be missing.
    if (size < good.size() / 2) {
      EXPECT_FALSE(image.ok()) << size << " of " << good.size();
    }
  }
}

TEST_P(DamageTest, FlippedBitsAreReadOrRefusedByASentence) {
  const TempFolder folder;
  for (const bool gray : {false, true}) {
    const std::vector<char> good = GoodFile(folder, gray);
    const unsigned seed = gray ? 61 : 62;
    std::mt19937 random(seed);
    for (int round = 0; round < 400; ++round) {
      std::vector<char> bad = good;
      const unsigned flips = 1 + random() % 4;
      // Half of the rounds aim at the headers.
      const size_t reach = round % 2 == 0 ? bad.size() : std::min<size_t>(bad.size(), 200);
      for (unsigned i = 0; i < flips; ++i) bad[random() % reach] ^= static_cast<char>(1 << random() % 8);
      WriteBytes(folder / "bad", bad);
      const Result<Image> image = ReadImage(folder / "bad", {.max_pixels = int64_t{1} << 24});
      if (image.ok()) {
        EXPECT_GT(image->width(), 0);
      } else {
        EXPECT_FALSE(image.status().message().empty()) << "seed " << seed << ", round " << round;
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(All, DamageTest, testing::ValuesIn(kLinked),
                         [](const auto& info) { return std::string(info.param); });

}  // namespace
}  // namespace safelight
