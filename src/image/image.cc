// SPDX-License-Identifier: Apache-2.0
//
// The memory of pictures. Large blocks come from calloc, whose pages cost nothing until touched.
#include "safelight/image.h"

#include <cstring>
#include <limits>

#include "base/memory.h"
#include "base/status.h"

namespace safelight {

const char* PixelTypeName(PixelType type) {
  switch (type) {
    case PixelType::kU8: return "u8";
    case PixelType::kU16: return "u16";
    case PixelType::kF32: return "f32";
  }
  return "?";
}

const char* ColorSpaceName(ColorSpace space) {
  switch (space) {
    case ColorSpace::kSrgb: return "sRGB";
    case ColorSpace::kLinear: return "linear";
    case ColorSpace::kGray: return "gray";
    case ColorSpace::kIcc: return "ICC";
    case ColorSpace::kYcbcrStudio: return "YCbCr (studio range)";
    case ColorSpace::kYcbcrFull: return "YCbCr (full range)";
  }
  return "?";
}

const char* FilterName(Filter filter) {
  switch (filter) {
    case Filter::kNearest: return "nearest";
    case Filter::kBilinear: return "bilinear";
    case Filter::kBicubic: return "bicubic";
    case Filter::kLanczos: return "lanczos";
    case Filter::kArea: return "area";
  }
  return "?";
}

Result<Image> Image::Create(int64_t width, int64_t height, int channels, PixelType type, ColorSpace color_space) {
  constexpr int64_t kMaxSide = std::numeric_limits<int32_t>::max();
  if (width < 1 || height < 1 || width > kMaxSide || height > kMaxSide) {
    return InvalidArgument("picture size ", width, "x", height, ", both must be 1 to ", kMaxSide);
  }
  if (channels < 1 || channels > 4) return InvalidArgument(channels, " channels, must be 1 to 4");
  const size_t row_bytes = static_cast<size_t>(width) * static_cast<size_t>(channels) * PixelTypeSize(type);
  const size_t max_bytes = static_cast<size_t>(std::numeric_limits<int64_t>::max() / 4);
  if (row_bytes > max_bytes / static_cast<size_t>(height)) {
    return ResourceLimit("a picture of ", width, "x", height, " has more bytes than memory can hold");
  }
  const size_t size_bytes = row_bytes * static_cast<size_t>(height);
  Image image;
  // One alignment before and one readable after, so that whole vectors may be loaded at the end.
  image.block_.reset(std::calloc(size_bytes + 2 * kAlignment, 1));
  if (image.block_ == nullptr) {
    return ResourceLimit("no memory for a picture of ", width, "x", height, " (", size_bytes, " bytes)");
  }
  const auto address = reinterpret_cast<uintptr_t>(image.block_.get());
  image.view_.data = static_cast<std::byte*>(image.block_.get()) + (AlignUp(address) - address);
  image.view_.width = width;
  image.view_.height = height;
  image.view_.channels = channels;
  image.view_.type = type;
  image.view_.color_space = channels <= 2 && color_space == ColorSpace::kSrgb ? ColorSpace::kGray : color_space;
  image.view_.stride_bytes = row_bytes;
  return image;
}

Result<Image> Image::Clone() const {
  if (empty()) return Image();
  SL_ASSIGN(Image copy, Create(width(), height(), channels(), type(), color_space()));
  std::memcpy(copy.view_.data, view_.data, view_.stride_bytes * static_cast<size_t>(view_.height));
  copy.metadata = metadata;
  return copy;
}

}  // namespace safelight
