// SPDX-License-Identifier: Apache-2.0
//
// The form of a picture format that is linked in: one constant in one file, one line in codecs.def.
//
// Decoders take a whole file in memory and are safe on any bytes: sizes in headers are checked
// against the file's own size before memory is taken. They leave EXIF orientation to their caller.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "image/output_file.h"
#include "safelight/image.h"

namespace safelight {

struct Codec {
  const char* name;                                     // "PNG"
  std::span<const char* const> extensions;              // lower case, no dot
  bool (*recognises)(std::span<const std::byte> head);  // of at least 16 bytes, or the whole file
  Result<Image> (*decode)(std::span<const std::byte> file, const ReadOptions& options);
  // The view is checked and RGB or gray; the file is open and is committed by the caller.
  Status (*encode)(const ConstImageView& view, const WriteOptions& options, OutputFile* file);
  // Types and tags that encode takes as they are; others are converted before.
  bool takes_u16;
  bool takes_linear;
  bool takes_alpha;
};

// All codecs, in the order of codecs.def.
std::span<const Codec* const> AllCodecs();

// Refuses sizes above the option's limit.
Status CheckLimit(int64_t width, int64_t height, const ReadOptions& options);
// Refuses sizes above the option's limit and sizes that no file this short can hold: at most
// `pixels_per_byte` of the compressed file, with 2^20 pixels to spare.
Status CheckSize(int64_t width, int64_t height, size_t file_bytes, int64_t pixels_per_byte, const ReadOptions& options);

// What follows the last dot of the name, lower case: "png". Empty if there is none.
std::string LowerExtension(const std::string& path);

// Whether the head starts with these bytes.
bool StartsWith(std::span<const std::byte> head, std::string_view magic);

// kSrgb or kGray if there is no profile or it says that it is sRGB, else kIcc.
ColorSpace ColorSpaceOf(std::span<const std::byte> icc, int channels);
// The profile of the options if it is made for pictures of these channels, else nothing.
std::span<const std::byte> FittingIcc(const WriteOptions& options, int channels);

}  // namespace safelight
