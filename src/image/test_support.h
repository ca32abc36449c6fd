// SPDX-License-Identifier: Apache-2.0
//
// What the tests of pictures share: a folder that cleans up after itself, random pictures,
// comparison, and the way to the shared data. Header only; tests alone include it.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <random>
#include <string>
#include <vector>

#include "safelight/image.h"

namespace safelight {

class TempFolder {
 public:
  TempFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "safelight-test-XXXXXX").string();
    path_ = ::mkdtemp(pattern.data());
  }
  ~TempFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  std::string operator/(const std::string& name) const { return (path_ / name).string(); }
  size_t Files() const {
    size_t count = 0;
    for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(path_)) ++count;
    return count;
  }

 private:
  std::filesystem::path path_;
};

inline std::vector<char> ReadBytes(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

// Removes what stood there first: some file systems flush to the disk when a file is rewritten.
inline void WriteBytes(const std::string& path, const std::vector<char>& bytes) {
  std::filesystem::remove(path);
  std::ofstream(path, std::ios::binary).write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

// Noise over the whole range of the type, floats in 0..1; tests fix the seed and name it in what they print.
inline Image RandomImage(int64_t width, int64_t height, int channels, PixelType type, unsigned seed) {
  Image image = Image::Create(width, height, channels, type).value();
  std::mt19937 random(seed);
  for (int64_t y = 0; y < height; ++y) {
    for (int64_t i = 0; i < width * channels; ++i) {
      const uint32_t bits = random();
      if (type == PixelType::kU8) image.row<uint8_t>(y)[i] = static_cast<uint8_t>(bits);
      if (type == PixelType::kU16) image.row<uint16_t>(y)[i] = static_cast<uint16_t>(bits);
      if (type == PixelType::kF32) image.row<float>(y)[i] = static_cast<float>(bits) / 4294967296.0f;
    }
  }
  return image;
}

// Slow waves, which lossy formats keep well.
inline Image SmoothImage(int64_t width, int64_t height, int channels) {
  Image image = Image::Create(width, height, channels, PixelType::kU8).value();
  for (int64_t y = 0; y < height; ++y) {
    for (int64_t x = 0; x < width; ++x) {
      for (int c = 0; c < channels; ++c) {
        image.row<uint8_t>(y)[x * channels + c] =
            static_cast<uint8_t>(40 + 60 * c + (x * 90 + y * 60) / (width + height));
      }
    }
  }
  return image;
}

inline void ExpectSame(const ConstImageView& a, const ConstImageView& b) {
  ASSERT_EQ(a.width, b.width);
  ASSERT_EQ(a.height, b.height);
  ASSERT_EQ(a.channels, b.channels);
  ASSERT_EQ(a.type, b.type);
  for (int64_t y = 0; y < a.height; ++y) {
    ASSERT_EQ(std::memcmp(a.row(y), b.row(y), a.row_bytes()), 0) << "row " << y;
  }
}

// The largest difference of two u8 pictures of one shape.
inline int LargestDifference(const Image& a, const Image& b) {
  int largest = 0;
  for (int64_t y = 0; y < a.height(); ++y) {
    for (int64_t i = 0; i < a.width() * a.channels(); ++i) {
      largest = std::max(largest, std::abs(a.row<uint8_t>(y)[i] - b.row<uint8_t>(y)[i]));
    }
  }
  return largest;
}

// Fails the test with the sentence; the empty picture then.
inline Image Must(Result<Image> image) {
  EXPECT_TRUE(image.ok()) << image.status().message();
  return image.ok() ? std::move(image).value() : Image();
}

inline void ExpectOk(const Status& status) { EXPECT_TRUE(status.ok()) << status.message(); }

inline std::vector<std::byte> BytesOf(const std::string& text) {
  const auto* begin = reinterpret_cast<const std::byte*>(text.data());
  return {begin, begin + text.size()};
}

// The folder of shared test data: SAFELIGHT_SHARED, or `shared` beside this checkout; empty if absent.
inline std::filesystem::path SharedFolder() {
  const char* variable = std::getenv("SAFELIGHT_SHARED");
  if (variable != nullptr) return variable;
  for (const std::filesystem::path& start : {std::filesystem::current_path(), std::filesystem::path(__FILE__)}) {
    for (std::filesystem::path folder = start; folder.has_relative_path(); folder = folder.parent_path()) {
      if (std::filesystem::exists(folder / "shared" / "data" / "images")) return folder / "shared";
    }
  }
  return {};
}

}  // namespace safelight
