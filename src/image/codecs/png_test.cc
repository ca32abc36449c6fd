// SPDX-License-Identifier: Apache-2.0
//
// Every PNG colour type, depth and interlacing, made here by libpng from known values, and round trips.
#include <gtest/gtest.h>
#include <png.h>
#include <zlib.h>

#include <cstdio>

#include "image/test_support.h"
#include "safelight/image.h"

namespace safelight {
namespace {

constexpr int kSizes[] = {1, 7, 8, 9, 31};

struct PngKind {
  int color_type;
  int depth;
  bool interlaced;
  bool transparent;  // with a tRNS chunk
};

int ChannelsStored(int color_type) {
  if (color_type == PNG_COLOR_TYPE_RGB) return 3;
  if (color_type == PNG_COLOR_TYPE_RGB_ALPHA) return 4;
  return color_type == PNG_COLOR_TYPE_GRAY_ALPHA ? 2 : 1;
}

// The stored value of a channel: any pattern within the depth.
int Stored(int x, int y, int c, int depth) { return (x * 7 + y * 13 + c * 29 + x * y) % (1 << std::min(depth, 15)); }

constexpr int kKey = 1;  // the transparent value of gray and RGB kinds

void SetPalette(png_structp png, png_infop info, const PngKind& kind) {
  png_color palette[256];
  png_byte alpha[256];
  const int count = 1 << kind.depth;
  for (int i = 0; i < count; ++i) {
    palette[i] = {static_cast<png_byte>(i * 3), static_cast<png_byte>(255 - i), static_cast<png_byte>(i ^ 0x5a)};
    alpha[i] = static_cast<png_byte>(i * 5);
  }
  png_set_PLTE(png, info, palette, count);
  if (kind.transparent) png_set_tRNS(png, info, alpha, count, nullptr);
}

void WritePng(const std::string& path, const PngKind& kind, int width, int height) {
  std::filesystem::remove(path);
  std::FILE* file = std::fopen(path.c_str(), "wb");
  png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, nullptr, nullptr, nullptr);
  png_infop info = png_create_info_struct(png);
  png_init_io(png, file);
  png_set_IHDR(png, info, static_cast<png_uint_32>(width), static_cast<png_uint_32>(height), kind.depth,
               kind.color_type, kind.interlaced ? PNG_INTERLACE_ADAM7 : PNG_INTERLACE_NONE, 0, 0);
  png_color_16 key{};
  key.gray = key.red = key.green = key.blue = kKey;
  if (kind.color_type == PNG_COLOR_TYPE_PALETTE) SetPalette(png, info, kind);
  if (kind.color_type != PNG_COLOR_TYPE_PALETTE && kind.transparent) png_set_tRNS(png, info, nullptr, 0, &key);
  png_write_info(png, info);
  png_set_packing(png);
  const int channels = ChannelsStored(kind.color_type);
  std::vector<std::vector<png_byte>> rows(static_cast<size_t>(height));
  std::vector<png_bytep> pointers;
  for (int y = 0; y < height; ++y) {
    auto& row = rows[static_cast<size_t>(y)];
    for (int x = 0; x < width; ++x) {
      for (int c = 0; c < channels; ++c) {
        const int value = Stored(x, y, c, kind.depth);
        if (kind.depth == 16) row.push_back(static_cast<png_byte>(value >> 8));
        row.push_back(static_cast<png_byte>(value));
      }
    }
    pointers.push_back(row.data());
  }
  png_write_image(png, pointers.data());
  png_write_end(png, info);
  png_destroy_write_struct(&png, &info);
  std::fclose(file);
}

// What the reader should give for one pixel.
std::vector<int> Expected(const PngKind& kind, int x, int y) {
  const int max = kind.depth == 16 ? 65535 : 255;
  std::vector<int> stored;
  for (int c = 0; c < ChannelsStored(kind.color_type); ++c) stored.push_back(Stored(x, y, c, kind.depth));
  if (kind.color_type == PNG_COLOR_TYPE_PALETTE) {
    const int i = stored[0];
    std::vector<int> rgb = {i * 3 & 255, 255 - i, i ^ 0x5a};
    if (kind.transparent) rgb.push_back(i * 5 & 255);
    return rgb;
  }
  const bool keyed = std::all_of(stored.begin(), stored.end(), [](int v) { return v == kKey; });
  if (kind.depth < 8) stored[0] = stored[0] * 255 / ((1 << kind.depth) - 1);
  if (kind.transparent) stored.push_back(keyed ? 0 : max);
  return stored;
}

std::vector<PngKind> AllKinds() {
  std::vector<PngKind> kinds;
  for (const bool interlaced : {false, true}) {
    for (const bool transparent : {false, true}) {
      for (const int depth : {1, 2, 4, 8, 16}) kinds.push_back({PNG_COLOR_TYPE_GRAY, depth, interlaced, transparent});
      for (const int depth : {1, 2, 4, 8}) kinds.push_back({PNG_COLOR_TYPE_PALETTE, depth, interlaced, transparent});
      for (const int depth : {8, 16}) kinds.push_back({PNG_COLOR_TYPE_RGB, depth, interlaced, transparent});
    }
    for (const int depth : {8, 16}) {
      kinds.push_back({PNG_COLOR_TYPE_GRAY_ALPHA, depth, interlaced, false});
      kinds.push_back({PNG_COLOR_TYPE_RGB_ALPHA, depth, interlaced, false});
    }
  }
  return kinds;
}

void ExpectKind(const PngKind& kind, const Image& image) {
  const auto channels = static_cast<int64_t>(Expected(kind, 0, 0).size());
  ASSERT_EQ(image.channels(), channels);
  ASSERT_EQ(image.type(), kind.depth == 16 ? PixelType::kU16 : PixelType::kU8);
  for (int64_t y = 0; y < image.height(); ++y) {
    for (int64_t x = 0; x < image.width(); ++x) {
      const std::vector<int> expected = Expected(kind, static_cast<int>(x), static_cast<int>(y));
      for (int64_t c = 0; c < channels; ++c) {
        const int64_t i = x * channels + c;
        const int value = kind.depth == 16 ? image.row<uint16_t>(y)[i] : image.row<uint8_t>(y)[i];
        ASSERT_EQ(value, expected[static_cast<size_t>(c)]) << "x " << x << ", y " << y << ", channel " << c;
      }
    }
  }
}

TEST(PngTest, EveryKindReadsAsItsPixelsSay) {
  const TempFolder folder;
  for (const PngKind& kind : AllKinds()) {
    for (const int size : kSizes) {
      SCOPED_TRACE(testing::Message() << "colour type " << kind.color_type << ", depth " << kind.depth
                                      << ", interlaced " << kind.interlaced << ", transparent " << kind.transparent
                                      << ", size " << size);
      WritePng(folder / "a.png", kind, size, 40 - size);
      ExpectKind(kind, Must(ReadImage(folder / "a.png")));
    }
  }
}

TEST(PngTest, WhatIsWrittenIsReadToTheLastBit) {
  const TempFolder folder;
  for (const PixelType type : {PixelType::kU8, PixelType::kU16}) {
    for (int channels = 1; channels <= 4; ++channels) {
      for (const int size : kSizes) {
        const Image image = RandomImage(size, 32 - size, channels, type, static_cast<unsigned>(size));
        ExpectOk(WriteImage(folder / "a.png", image));
        const Image back = Must(ReadImage(folder / "a.png"));
        ExpectSame(image, back);
        EXPECT_EQ(back.color_space(), image.color_space());
      }
    }
  }
}

TEST(PngTest, FloatsAreWrittenWith16Bits) {
  const TempFolder folder;
  const Image image = RandomImage(9, 7, 3, PixelType::kF32, 20);
  ExpectOk(WriteImage(folder / "a.png", image));
  ExpectSame(Must(ConvertType(image, PixelType::kU16)), Must(ReadImage(folder / "a.png")));
}

TEST(PngTest, MetadataComesBack) {
  const TempFolder folder;
  const Image image = RandomImage(9, 7, 3, PixelType::kU8, 21);
  ImageMetadata metadata;
  metadata.exif = BytesOf("II*\0 any bytes");
  metadata.xmp = BytesOf("<x:xmpmeta/>");
  metadata.text = {{"Title", "a \xc3\xa9"}};
  ExpectOk(WriteImage(folder / "a.png", image, {.metadata = &metadata}));
  const Image back = Must(ReadImage(folder / "a.png"));
  EXPECT_EQ(back.metadata.exif, metadata.exif);
  EXPECT_EQ(back.metadata.xmp, metadata.xmp);
  EXPECT_EQ(back.metadata.text, metadata.text);
}

// Other formats, and broken files of this one, hold what PNG cannot.
TEST(PngTest, MetadataThatPngCannotHoldIsLeftOut) {
  const TempFolder folder;
  const Image image = RandomImage(9, 7, 3, PixelType::kU8, 23);
  ImageMetadata metadata;
  metadata.icc.assign(200, std::byte{7});
  std::memcpy(metadata.icc.data() + 16, "RGB ", 4);
  metadata.text = {{"", "no key"},  {" a", "x"}, {"a  b", "x"}, {"tab\t", "x"}, {std::string(80, 'k'), "x"},
                   {"Good", "kept"}};
  ExpectOk(WriteImage(folder / "a.png", image, {.metadata = &metadata}));
  const Image back = Must(ReadImage(folder / "a.png"));
  ExpectSame(image, back);
  EXPECT_TRUE(back.metadata.icc.empty());
  ASSERT_EQ(back.metadata.text.size(), 1u);
  EXPECT_EQ(back.metadata.text[0].first, "Good");
}

TEST(PngTest, LinearPicturesStayLinear) {
  const TempFolder folder;
  Image image = RandomImage(9, 7, 3, PixelType::kU16, 22);
  image.set_color_space(ColorSpace::kLinear);
  ExpectOk(WriteImage(folder / "a.png", image));
  const Image back = Must(ReadImage(folder / "a.png"));
  EXPECT_EQ(back.color_space(), ColorSpace::kLinear);
  ExpectSame(image, back);
}

// Signature and header of a picture of 500000 x 500000, then nothing that could fill it.
TEST(PngTest, AHeaderThatPromisesTooMuchIsRefusedBeforeMemoryIsTaken) {
  const TempFolder folder;
  WritePng(folder / "a.png", {PNG_COLOR_TYPE_RGB, 8, false, false}, 9, 9);
  std::vector<char> bytes = ReadBytes(folder / "a.png");
  const unsigned char size[] = {0, 0x07, 0xa1, 0x20, 0, 0x07, 0xa1, 0x20};
  std::memcpy(bytes.data() + 16, size, 8);
  const uint32_t crc = static_cast<uint32_t>(::crc32(0, reinterpret_cast<const Bytef*>(bytes.data()) + 12, 17));
  for (int i = 0; i < 4; ++i) bytes[static_cast<size_t>(29 + i)] = static_cast<char>(crc >> (24 - 8 * i));
  WriteBytes(folder / "a.png", bytes);
  EXPECT_EQ(ReadImage(folder / "a.png").status().code(), StatusCode::kResourceLimit);
  const Status status = ReadImage(folder / "a.png", {.max_pixels = int64_t{1} << 50}).status();
  EXPECT_EQ(status.code(), StatusCode::kCorruptData);
  EXPECT_NE(status.message().find("500000x500000"), std::string::npos) << status.message();
}

TEST(PngTest, ABlackPictureOfExtremeCompressionReads) {
  const TempFolder folder;
  const Image black = Must(Image::Create(4000, 3000, 3, PixelType::kU8));
  ExpectOk(WriteImage(folder / "a.png", black, {.png_level = 9}));
  ExpectSame(black, Must(ReadImage(folder / "a.png")));
}

}  // namespace
}  // namespace safelight
