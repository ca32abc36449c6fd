// SPDX-License-Identifier: Apache-2.0
//
// TIFF, EXR and BMP through the plug-in beside this program; and what is said without it. The round
// trips are skipped, and say so, in a build without OpenImageIO.
#include "image/oiio/oiio_bridge.h"

#include <gtest/gtest.h>

#include <cmath>

#include "image/test_support.h"

namespace safelight {
namespace {

bool PluginIsBuilt() {
  const std::filesystem::path program = std::filesystem::read_symlink("/proc/self/exe");
  return std::filesystem::exists(program.parent_path() / "libsafelight_oiio.so");
}

#define REQUIRE_PLUGIN()                                                                              \
  if (!PluginIsBuilt()) {                                                                             \
    GTEST_SKIP() << "libsafelight_oiio.so was not built: OpenImageIO's development files are absent"; \
  }

TEST(OiioTest, TiffKeepsEveryTypeAndChannel) {
  REQUIRE_PLUGIN();
  const TempFolder folder;
  for (const PixelType type : {PixelType::kU8, PixelType::kU16, PixelType::kF32}) {
    for (int channels = 1; channels <= 4; ++channels) {
      SCOPED_TRACE(testing::Message() << PixelTypeName(type) << ", " << channels << " channels");
      const Image image = RandomImage(31, 9, channels, type, 70);
      ExpectOk(WriteImage(folder / "a.tif", image));
      ExpectSame(image, Must(ReadImage(folder / "a.tif")));
    }
  }
  EXPECT_EQ(folder.Files(), 1u);
}

TEST(OiioTest, ExrIsLinearAndGoesBackToTheSamePicture) {
  REQUIRE_PLUGIN();
  const TempFolder folder;
  for (const int channels : {1, 3, 4}) {
    Image image = RandomImage(17, 9, channels, PixelType::kU8, 71);
    if (channels == 4) {
      for (int64_t x = 0; x < 17; ++x) image.row<uint8_t>(3)[4 * x + 3] |= 1;  // colour under alpha 0 is not kept
      image = Must(ConvertType(image.view().Crop(0, 3, 17, 1), PixelType::kU8));
    }
    ExpectOk(WriteImage(folder / "a.exr", image));
    const Image linear = Must(ReadImage(folder / "a.exr"));
    EXPECT_EQ(linear.color_space(), ColorSpace::kLinear);
    EXPECT_EQ(linear.type(), PixelType::kF32);
    const Image back = Must(ConvertCurve(linear, ColorSpace::kSrgb));
    ExpectSame(image, Must(ConvertType(back, PixelType::kU8)));
  }
}

TEST(OiioTest, ExrHoldsWhatIsBrighterThanWhite) {
  REQUIRE_PLUGIN();
  const TempFolder folder;
  Image image = Must(Image::Create(5, 4, 3, PixelType::kF32, ColorSpace::kLinear));
  image.row<float>(2)[7] = 1234.5f;
  image.row<float>(1)[0] = -0.25f;
  ExpectOk(WriteImage(folder / "a.exr", image));
  ExpectSame(image, Must(ReadImage(folder / "a.exr")));
}

TEST(OiioTest, BmpAndPnmKeepEightBits) {
  REQUIRE_PLUGIN();
  const TempFolder folder;
  const Image image = RandomImage(31, 9, 3, PixelType::kU8, 72);
  for (const char* name : {"a.bmp", "a.ppm"}) {
    ExpectOk(WriteImage(folder / name, image));
    ExpectSame(image, Must(ReadImage(folder / name)));
  }
}

TEST(OiioTest, AProfileComesBackFromTiff) {
  REQUIRE_PLUGIN();
  const TempFolder folder;
  ImageMetadata metadata;
  metadata.icc.assign(200, std::byte{'x'});
  std::memcpy(metadata.icc.data() + 16, "RGB ", 4);
  ExpectOk(WriteImage(folder / "a.tif", RandomImage(9, 9, 3, PixelType::kU8, 73), {.metadata = &metadata}));
  const Image back = Must(ReadImage(folder / "a.tif"));
  EXPECT_EQ(back.metadata.icc, metadata.icc);
  EXPECT_EQ(back.color_space(), ColorSpace::kIcc);
}

TEST(OiioTest, FailuresLeaveNothingBehind) {
  REQUIRE_PLUGIN();
  const TempFolder folder;
  const Image image = RandomImage(9, 9, 3, PixelType::kU8, 74);
  EXPECT_EQ(WriteImage(folder / "none/a.tif", image).code(), StatusCode::kNotFound);
  // PNM has no alpha.
  EXPECT_FALSE(WriteImage(folder / "a.ppm", RandomImage(9, 9, 4, PixelType::kU8, 75)).ok());
  EXPECT_EQ(folder.Files(), 0u);
}

TEST(OiioTest, CutTiffsAreRefusedByASentence) {
  REQUIRE_PLUGIN();
  const TempFolder folder;
  ExpectOk(WriteImage(folder / "a.tif", RandomImage(31, 29, 3, PixelType::kU8, 76)));
  const std::vector<char> good = ReadBytes(folder / "a.tif");
  for (size_t size = 4; size < good.size() / 2; size += good.size() / 20) {
    WriteBytes(folder / "cut.tif", {good.begin(), good.begin() + static_cast<ptrdiff_t>(size)});
    const Status status = ReadImage(folder / "cut.tif").status();
    EXPECT_FALSE(status.ok()) << size;
    EXPECT_NE(status.message().find("cut.tif: "), std::string::npos) << status.message();
  }
}

TEST(OiioTest, TheSharedTiffsRead) {
  REQUIRE_PLUGIN();
  const std::filesystem::path formats = SharedFolder() / "data" / "images" / "formats";
  if (SharedFolder().empty()) GTEST_SKIP() << "the shared data is not here";
  for (const char* name : {"1bit.tif", "2bit.tif", "4bit.tif"}) {
    const Image image = Must(ReadImage((formats / name).string()));
    EXPECT_EQ(image.width(), 256) << name;
    EXPECT_EQ(image.channels(), 1) << name;
  }
  EXPECT_EQ(Must(ReadImage((formats / "subsampled.tif").string())).channels(), 3);
  EXPECT_EQ(Must(ReadImage((formats / "small.bmp").string())).width(), 16);
}

// In a process of its own: the plug-in is looked for once.
void ReportWithoutPlugin() {
  ::setenv("SAFELIGHT_PLUGIN_PATH", "/nonexistent", 1);
  const TempFolder folder;
  WriteBytes(folder / "a.tif", std::vector<char>({'I', 'I', '*', 0, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}));
  const Status read = ReadImage(folder / "a.tif").status();
  const Status write = WriteImage(folder / "b.exr", SmoothImage(4, 4, 3));
  const bool read_said =
      read.code() == StatusCode::kUnsupported &&
      read.message().find("TIFF or RAW: the plug-in libsafelight_oiio.so is needed") != std::string::npos;
  const bool write_said = write.code() == StatusCode::kUnsupported &&
                          write.message().find(".exr: the plug-in libsafelight_oiio.so is needed") != std::string::npos;
  const bool clean = folder.Files() == 1;
  const bool linked = WriteImage(folder / "c.png", SmoothImage(4, 4, 3)).ok();
  std::_Exit(read_said && write_said && clean && linked ? 7 : 1);
}

TEST(OiioDeathTest, WithoutThePluginTheSentenceNamesTheFormat) {
  testing::FLAGS_gtest_death_test_style = "threadsafe";
  EXPECT_EXIT(ReportWithoutPlugin(), testing::ExitedWithCode(7), "");
}

}  // namespace
}  // namespace safelight
