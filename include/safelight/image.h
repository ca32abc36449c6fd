// SPDX-License-Identifier: Apache-2.0
//
// Pictures: memory with a pixel type, reading and writing files, resampling, conversions.
//
// Pixels are interleaved, 1 to 4 channels: gray, gray + alpha, RGB, RGBA. Alpha is straight (colours
// are not multiplied by it). Integers span 0..255 and 0..65535, floats 0..1; floats may lie outside,
// as in HDR pictures, until they are converted. Functions take views and return owning pictures.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "safelight/status.h"

namespace safelight {

enum class PixelType : uint8_t { kU8, kU16, kF32 };

// Bytes of one channel of one pixel.
constexpr size_t PixelTypeSize(PixelType type) { return size_t{1} << static_cast<int>(type); }
// 255, 65535 or 1: the number that stands for white.
constexpr double PixelTypeMax(PixelType type) {
  return type == PixelType::kU8 ? 255.0 : type == PixelType::kU16 ? 65535.0 : 1.0;
}
// "u8", "u16", "f32".
const char* PixelTypeName(PixelType type);

// What the numbers mean.
enum class ColorSpace : uint8_t {
  kSrgb,         // RGB with the sRGB curve; what files mean that say nothing
  kLinear,       // RGB or gray in proportion to light
  kGray,         // one channel with the sRGB curve
  kIcc,          // whatever the ICC profile in the metadata says
  kYcbcrStudio,  // BT.601, Y in 16..235
  kYcbcrFull,    // BT.601, Y in 0..255 (JPEG)
};
const char* ColorSpaceName(ColorSpace space);

// A picture in somebody's memory. Views own nothing and are cheap to copy; a view of a part of a
// picture is a view like any other.
template <typename Byte>
struct BasicImageView {
  Byte* data = nullptr;
  int64_t width = 0;
  int64_t height = 0;
  int channels = 0;
  PixelType type = PixelType::kU8;
  ColorSpace color_space = ColorSpace::kSrgb;
  size_t stride_bytes = 0;  // from one row to the next

  bool has_alpha() const { return channels == 2 || channels == 4; }
  int color_channels() const { return has_alpha() ? channels - 1 : channels; }
  size_t pixel_bytes() const { return static_cast<size_t>(channels) * PixelTypeSize(type); }
  size_t row_bytes() const { return static_cast<size_t>(width) * pixel_bytes(); }
  Byte* row(int64_t y) const { return data + static_cast<size_t>(y) * stride_bytes; }
  // The rectangle must lie inside.
  BasicImageView Crop(int64_t x, int64_t y, int64_t crop_width, int64_t crop_height) const {
    BasicImageView part = *this;
    part.data = row(y) + static_cast<size_t>(x) * pixel_bytes();
    part.width = crop_width;
    part.height = crop_height;
    return part;
  }
};
using ImageView = BasicImageView<std::byte>;
struct ConstImageView : BasicImageView<const std::byte> {
  ConstImageView() = default;
  ConstImageView(const BasicImageView<const std::byte>& v) : BasicImageView(v) {}  // NOLINT: the same thing
  ConstImageView(const ImageView& v)                                               // NOLINT: widening
      : BasicImageView{v.data, v.width, v.height, v.channels, v.type, v.color_space, v.stride_bytes} {}
};

// What a file says besides its pixels. Empty fields are absent.
struct ImageMetadata {
  std::vector<std::byte> exif;  // the TIFF structure, without JPEG's "Exif\0\0"
  std::vector<std::byte> icc;
  std::vector<std::byte> xmp;
  std::vector<std::pair<std::string, std::string>> text;  // PNG's keyword and text
};

// A picture that owns its memory, rows without gaps. It moves; a copy is spelled Clone().
class Image {
 public:
  Image() = default;
  // A black picture (alpha 0 too). Errors: kInvalidArgument, kResourceLimit. 1- and 2-channel
  // pictures asked for as kSrgb become kGray.
  static Result<Image> Create(int64_t width, int64_t height, int channels, PixelType type,
                              ColorSpace color_space = ColorSpace::kSrgb);
  Image(Image&& other) noexcept { *this = std::move(other); }
  Image& operator=(Image&& other) noexcept {
    block_ = std::move(other.block_);
    view_ = std::exchange(other.view_, ImageView());
    metadata = std::move(other.metadata);
    return *this;
  }
  Result<Image> Clone() const;

  int64_t width() const { return view_.width; }
  int64_t height() const { return view_.height; }
  int channels() const { return view_.channels; }
  PixelType type() const { return view_.type; }
  ColorSpace color_space() const { return view_.color_space; }
  void set_color_space(ColorSpace space) { view_.color_space = space; }
  bool has_alpha() const { return view_.has_alpha(); }
  bool empty() const { return view_.data == nullptr; }
  ImageView view() { return view_; }
  ConstImageView view() const { return view_; }
  operator ConstImageView() const { return view_; }  // NOLINT(google-explicit-constructor): an image is viewable
  template <typename T>
  T* row(int64_t y) {
    return reinterpret_cast<T*>(view_.row(y));
  }
  template <typename T>
  const T* row(int64_t y) const {
    return reinterpret_cast<const T*>(view_.row(y));
  }

  ImageMetadata metadata;

 private:
  struct Free {
    void operator()(void* block) const { std::free(block); }
  };
  std::unique_ptr<void, Free> block_;
  ImageView view_;
};

// ---- files ----

struct ReadOptions {
  // Larger pictures are refused before memory is taken for them.
  int64_t max_pixels = int64_t{1} << 29;
};

// Reads a picture of any known format, told by the file's first bytes. EXIF orientation is applied
// to the pixels and the tag reset to 1. A file that ends early is an error, not half a picture.
// Errors: kNotFound, kIoError, kCorruptData, kUnsupported, kResourceLimit; the sentence names the file.
Result<Image> ReadImage(const std::string& path, const ReadOptions& options = {});

struct WriteOptions {
  int jpeg_quality = 92;       // 1..100; from 90 on chroma is kept at full resolution
  int webp_quality = 90;       // 0..100
  bool webp_lossless = false;  // then webp_quality is the effort
  int png_level = 2;           // zlib's 0..9; 3 makes files 2 % smaller in nearly twice the time
  // Written where the format can hold it; an ICC profile only if it fits the channels.
  const ImageMetadata* metadata = nullptr;
};

// Writes a picture in the format of the name's extension: beside the name first, renamed when
// whole, so that a failure leaves what was there before. Float pictures become 16-bit in PNG;
// JPEG and WebP hold 8 bits; linear pictures get the sRGB curve where a format cannot say "linear".
// JPEG refuses alpha that is not opaque. Errors: kInvalidArgument, kUnsupported, kIoError.
Status WriteImage(const std::string& path, const ConstImageView& view, const WriteOptions& options = {});

// The error that WriteImage would give for the name's extension, before there is a picture to write.
Status CheckImageName(const std::string& path);

// Extensions of the names that ReadImage has a reader for, lower case, no dot.
std::vector<std::string> ImageExtensions();

// ---- resampling ----

enum class Filter : uint8_t {
  kNearest,
  kBilinear,  // bilinear, bicubic and Lanczos widen when shrinking (antialiasing) and mirror
  kBicubic,   // at the border; bicubic (a = -0.5) is MATLAB's imresize
  kLanczos,   // a = 3
  kArea,      // each pixel is the mean of the area it covers
};
const char* FilterName(Filter filter);

// The picture at another size; same type and channels. Colours are weighted by alpha. Metadata is
// the caller's to pass on. A 1080p picture x3 takes about 0.2 s on one core.
Result<Image> Resize(const ConstImageView& view, int64_t width, int64_t height, Filter filter);

// ---- conversions ----

// Other numbers for the same picture: rounded to nearest and clipped for integers; float to float copies.
Result<Image> ConvertType(const ConstImageView& view, PixelType type);
// Between kSrgb (kGray) and kLinear; alpha is kept. kIcc is refused.
Result<Image> ConvertCurve(const ConstImageView& view, ColorSpace space);
// 1 or 2 channels, BT.601 weights on the numbers as they are.
Result<Image> ToGray(const ConstImageView& view);
// 3 or 4 channels: gray is repeated.
Result<Image> ToRgb(const ConstImageView& view);
// Alpha set to opaque where there is none; dropped, whatever it says, where there is.
Result<Image> WithAlpha(const ConstImageView& view);
Result<Image> WithoutAlpha(const ConstImageView& view);

// RGB (3 or 4 channels, or gray taken as RGB) to YCbCr of `range` (kYcbcrStudio or kYcbcrFull) in
// the wanted type; a float picture holds Y/255, not clipped. Alpha is kept.
Result<Image> RgbToYcbcr(const ConstImageView& view, ColorSpace range, PixelType type);
// Back, by the view's own tag.
Result<Image> YcbcrToRgb(const ConstImageView& view, PixelType type);
// Y alone, one channel.
Result<Image> Luma(const ConstImageView& view, ColorSpace range, PixelType type);

}  // namespace safelight
