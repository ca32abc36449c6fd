// SPDX-License-Identifier: Apache-2.0
//
// Orientation: a walk through the first directory of the TIFF structure, every offset checked, and
// a copy of the pixels in another order.
#include "image/exif.h"

#include <cstdint>
#include <cstring>

#include "base/status.h"

namespace safelight {
namespace {

constexpr uint16_t kOrientationTag = 0x0112;
constexpr uint16_t kShortType = 3;

struct TiffReader {
  std::span<const std::byte> bytes;
  bool big_endian = false;

  uint32_t U16(size_t at) const { return Number(at, 2); }
  uint32_t U32(size_t at) const { return Number(at, 4); }
  uint32_t Number(size_t at, size_t size) const {
    uint32_t value = 0;
    for (size_t i = 0; i < size; ++i) {
      const size_t from = big_endian ? i : size - 1 - i;
      value = value << 8 | std::to_integer<uint32_t>(bytes[at + from]);
    }
    return value;
  }
};

// Where the value of the orientation tag stands; 0 when there is none.
size_t FindOrientation(std::span<const std::byte> exif, bool* big_endian) {
  if (exif.size() < 8) return 0;
  const bool motorola = std::memcmp(exif.data(), "MM\0*", 4) == 0;
  if (!motorola && std::memcmp(exif.data(), "II*\0", 4) != 0) return 0;
  *big_endian = motorola;
  const TiffReader tiff{exif, motorola};
  const size_t directory = tiff.U32(4);
  if (directory > exif.size() - 2) return 0;
  const size_t entries = tiff.U16(directory);
  for (size_t i = 0; i < entries; ++i) {
    const size_t entry = directory + 2 + 12 * i;
    if (entry + 12 > exif.size()) return 0;
    if (tiff.U16(entry) == kOrientationTag && tiff.U16(entry + 2) == kShortType) return entry + 8;
  }
  return 0;
}

// Where the pixel that is shown at (x, y) stands in a stored picture of width x height.
struct Place {
  int64_t x, y;
};
Place StoredPlace(int orientation, int64_t width, int64_t height, int64_t x, int64_t y) {
  switch (orientation) {
    case 2: return {width - 1 - x, y};
    case 3: return {width - 1 - x, height - 1 - y};
    case 4: return {x, height - 1 - y};
    case 5: return {y, x};
    case 6: return {y, height - 1 - x};
    case 7: return {width - 1 - y, height - 1 - x};
    case 8: return {width - 1 - y, x};
    default: return {x, y};
  }
}

template <size_t kPixelBytes>
void Turn(const ConstImageView& from, int orientation, const ImageView& to) {
  for (int64_t y = 0; y < to.height; ++y) {
    // Along one shown row the stored place moves by a constant step.
    const Place first = StoredPlace(orientation, from.width, from.height, 0, y);
    const Place next = StoredPlace(orientation, from.width, from.height, 1, y);
    const ptrdiff_t step = (next.x - first.x) * static_cast<ptrdiff_t>(kPixelBytes) +
                           (next.y - first.y) * static_cast<ptrdiff_t>(from.stride_bytes);
    const std::byte* source = from.row(first.y) + static_cast<size_t>(first.x) * kPixelBytes;
    std::byte* target = to.row(y);
    for (int64_t x = 0; x < to.width; ++x) {
      std::memcpy(target + static_cast<size_t>(x) * kPixelBytes, source + x * step, kPixelBytes);
    }
  }
}

}  // namespace

int ExifOrientation(std::span<const std::byte> exif) {
  bool big_endian = false;
  const size_t at = FindOrientation(exif, &big_endian);
  if (at == 0) return 1;
  const uint32_t value = TiffReader{exif, big_endian}.U16(at);
  return value >= 1 && value <= 8 ? static_cast<int>(value) : 1;
}

void ResetExifOrientation(std::span<std::byte> exif) {
  bool big_endian = false;
  const size_t at = FindOrientation(exif, &big_endian);
  if (at == 0) return;
  exif[at] = std::byte(big_endian ? 0 : 1);
  exif[at + 1] = std::byte(big_endian ? 1 : 0);
}

Result<Image> ApplyOrientation(Image image, int orientation) {
  if (orientation < 2 || orientation > 8) return image;
  const ConstImageView from = image.view();
  const bool swapped = orientation >= 5;
  SL_ASSIGN(Image turned, Image::Create(swapped ? from.height : from.width, swapped ? from.width : from.height,
                                        from.channels, from.type, from.color_space));
  switch (from.pixel_bytes()) {
    case 1: Turn<1>(from, orientation, turned.view()); break;
    case 2: Turn<2>(from, orientation, turned.view()); break;
    case 3: Turn<3>(from, orientation, turned.view()); break;
    case 4: Turn<4>(from, orientation, turned.view()); break;
    case 6: Turn<6>(from, orientation, turned.view()); break;
    case 8: Turn<8>(from, orientation, turned.view()); break;
    case 12: Turn<12>(from, orientation, turned.view()); break;
    case 16: Turn<16>(from, orientation, turned.view()); break;
    default: return Internal("a pixel of ", from.pixel_bytes(), " bytes");
  }
  turned.metadata = std::move(image.metadata);
  return turned;
}

}  // namespace safelight
