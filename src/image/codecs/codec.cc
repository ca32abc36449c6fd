// SPDX-License-Identifier: Apache-2.0
//
// The list of codecs and what they share.
#include "image/codecs/codec.h"

#include <algorithm>
#include <cstring>
#include <string>
#include <string_view>

#include "base/status.h"

namespace safelight {

#define CODEC(name) extern const Codec name##_codec;
#include "image/codecs/codecs.def"
#undef CODEC

namespace {

#define CODEC(name) &name##_codec,
constexpr const Codec* kCodecs[] = {
#include "image/codecs/codecs.def"
};
#undef CODEC

constexpr size_t kIccHeaderBytes = 128;
constexpr size_t kIccColorSpaceAt = 16;

bool Contains(std::span<const std::byte> bytes, std::string_view text) {
  const auto* begin = reinterpret_cast<const char*>(bytes.data());
  return std::string_view(begin, bytes.size()).find(text) != std::string_view::npos;
}

}  // namespace

std::span<const Codec* const> AllCodecs() { return kCodecs; }

Status CheckLimit(int64_t width, int64_t height, const ReadOptions& options) {
  if (width < 1 || height < 1) return CorruptData("a picture of ", width, "x", height);
  if (width > options.max_pixels / height) {
    return ResourceLimit("a picture of ", width, "x", height, " is above the limit of ", options.max_pixels, " pixels");
  }
  return {};
}

Status CheckSize(int64_t width, int64_t height, size_t file_bytes, int64_t pixels_per_byte,
                 const ReadOptions& options) {
  SL_TRY(CheckLimit(width, height, options));
  const int64_t allowed = (int64_t{1} << 20) + pixels_per_byte * static_cast<int64_t>(file_bytes);
  if (width * height > allowed) {
    return CorruptData("the header says ", width, "x", height, ", which no file of ", file_bytes, " bytes can hold");
  }
  return {};
}

std::string LowerExtension(const std::string& path) {
  const size_t slash = path.rfind('/');
  const size_t dot = path.rfind('.');
  if (dot == std::string::npos || (slash != std::string::npos && dot < slash)) return {};
  std::string extension = path.substr(dot + 1);
  for (char& c : extension) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return extension;
}

bool StartsWith(std::span<const std::byte> head, std::string_view magic) {
  return head.size() >= magic.size() && std::memcmp(head.data(), magic.data(), magic.size()) == 0;
}

ColorSpace ColorSpaceOf(std::span<const std::byte> icc, int channels) {
  // Descriptions are ASCII in version 2 profiles and UTF-16 in version 4.
  const bool srgb =
      icc.size() < kIccHeaderBytes || Contains(icc, "sRGB") || Contains(icc, std::string_view("s\0R\0G\0B", 7));
  if (!srgb) return ColorSpace::kIcc;
  return channels <= 2 ? ColorSpace::kGray : ColorSpace::kSrgb;
}

std::span<const std::byte> FittingIcc(const WriteOptions& options, int channels) {
  if (options.metadata == nullptr || options.metadata->icc.size() < kIccHeaderBytes) return {};
  const std::span<const std::byte> icc = options.metadata->icc;
  return StartsWith(icc.subspan(kIccColorSpaceAt), channels <= 2 ? "GRAY" : "RGB ") ? icc
                                                                                    : std::span<const std::byte>();
}

}  // namespace safelight
