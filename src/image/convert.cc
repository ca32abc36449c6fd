// SPDX-License-Identifier: Apache-2.0
//
// Conversions of pixel type, channels, sRGB curve and YCbCr, row by row through floats.
//
// Integer to integer goes through float too: 8 and 16 bits are exact in it, and v * 257 and its
// inverse round correctly. Cost: one pass over the picture.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <vector>

#include "base/status.h"
#include "image/color_matrix.h"
#include "image/rows.h"
#include "safelight/image.h"

namespace safelight {
namespace {

void ApplyMatrix(const ColorMatrix& matrix, float* pixels, int64_t width, int channels) {
  for (int64_t x = 0; x < width; ++x, pixels += channels) {
    const double r = pixels[0], g = pixels[1], b = pixels[2];
    for (int i = 0; i < 3; ++i) {
      pixels[i] = static_cast<float>(matrix.m[i][0] * r + matrix.m[i][1] * g + matrix.m[i][2] * b + matrix.offset[i]);
    }
  }
}

Status CheckRange(ColorSpace range) {
  if (range == ColorSpace::kYcbcrStudio || range == ColorSpace::kYcbcrFull) return {};
  return InvalidArgument("the range of a YCbCr picture cannot be ", ColorSpaceName(range));
}

bool IsYcbcr(ColorSpace space) { return space == ColorSpace::kYcbcrStudio || space == ColorSpace::kYcbcrFull; }

// Makes a picture of the same size by row(source floats in 0..1, target floats in 0..1).
template <typename RowFunction>
Result<Image> MapRows(const ConstImageView& view, int channels, PixelType type, ColorSpace space,
                      const RowFunction& function) {
  SL_TRY(CheckView(view));
  SL_ASSIGN(Image result, Image::Create(view.width, view.height, channels, type, space));
  const size_t source_count = static_cast<size_t>(view.width) * static_cast<size_t>(view.channels);
  const size_t target_count = static_cast<size_t>(view.width) * static_cast<size_t>(channels);
  std::vector<float> source(source_count), target(target_count);
  for (int64_t y = 0; y < view.height; ++y) {
    RowToFloat(view.row(y), view.type, source_count, 1.0f, source.data());
    function(source.data(), target.data());
    FloatToRow(target.data(), type, target_count, 1.0f, result.view().row(y));
  }
  return result;
}

// Copies each pixel's channels: target channel c is source channel from[c], or opaque where that is -1.
Result<Image> PickChannels(const ConstImageView& view, std::vector<int> from, ColorSpace space) {
  SL_TRY(CheckView(view));
  SL_ASSIGN(Image result, Image::Create(view.width, view.height, static_cast<int>(from.size()), view.type, space));
  const size_t size = PixelTypeSize(view.type);
  std::array<std::byte, 4> opaque;
  opaque.fill(std::byte{0xff});
  const float one = 1.0f;
  if (view.type == PixelType::kF32) std::memcpy(opaque.data(), &one, sizeof(one));
  for (int64_t y = 0; y < view.height; ++y) {
    const std::byte* source = view.row(y);
    std::byte* target = result.view().row(y);
    for (int64_t x = 0; x < view.width; ++x, source += view.pixel_bytes()) {
      for (const int c : from) {
        std::memcpy(target, c < 0 ? opaque.data() : source + static_cast<size_t>(c) * size, size);
        target += size;
      }
    }
  }
  return result;
}

ColorSpace GrayTag(ColorSpace space) { return space == ColorSpace::kLinear ? space : ColorSpace::kGray; }
ColorSpace RgbTag(ColorSpace space) { return space == ColorSpace::kGray ? ColorSpace::kSrgb : space; }

float SrgbFromLinear(float v) {
  const float size = std::fabs(v);
  const float coded = size <= 0.0031308f ? 12.92f * size : 1.055f * std::pow(size, 1.0f / 2.4f) - 0.055f;
  return std::copysign(coded, v);
}
float LinearFromSrgb(float v) {
  const float size = std::fabs(v);
  const float light = size <= 0.04045f ? size / 12.92f : std::pow((size + 0.055f) / 1.055f, 2.4f);
  return std::copysign(light, v);
}

}  // namespace

Result<Image> ConvertType(const ConstImageView& view, PixelType type) {
  const size_t count = static_cast<size_t>(view.width) * static_cast<size_t>(view.channels);
  if (view.type != type) {
    return MapRows(view, view.channels, type, view.color_space,
                   [&](const float* from, float* to) { std::memcpy(to, from, count * sizeof(float)); });
  }
  SL_TRY(CheckView(view));
  SL_ASSIGN(Image result, Image::Create(view.width, view.height, view.channels, type, view.color_space));
  for (int64_t y = 0; y < view.height; ++y) std::memcpy(result.view().row(y), view.row(y), view.row_bytes());
  return result;
}

Result<Image> ConvertCurve(const ConstImageView& view, ColorSpace space) {
  const auto known = [](ColorSpace s) { return s <= ColorSpace::kGray; };
  if (!known(view.color_space) || !known(space)) {
    return Unsupported("conversion from ", ColorSpaceName(view.color_space), " to ", ColorSpaceName(space));
  }
  const bool from_linear = view.color_space == ColorSpace::kLinear;
  const bool to_linear = space == ColorSpace::kLinear;
  if (!to_linear) space = view.channels <= 2 ? ColorSpace::kGray : ColorSpace::kSrgb;
  if (from_linear == to_linear) {
    SL_ASSIGN(Image same, ConvertType(view, view.type));
    same.set_color_space(space);
    return same;
  }
  const int channels = view.channels;
  const int colors = view.color_channels();
  return MapRows(view, channels, view.type, space, [&](const float* from, float* to) {
    for (int64_t x = 0; x < view.width; ++x, from += channels, to += channels) {
      for (int c = 0; c < colors; ++c) to[c] = to_linear ? LinearFromSrgb(from[c]) : SrgbFromLinear(from[c]);
      if (colors < channels) to[colors] = from[colors];
    }
  });
}

Result<Image> ToGray(const ConstImageView& view) {
  if (view.channels <= 2) return ConvertType(view, view.type);
  if (IsYcbcr(view.color_space)) {
    return InvalidArgument("a ", ColorSpaceName(view.color_space), " picture has to become RGB before it becomes gray");
  }
  const int channels = view.channels;
  const int gray_channels = view.has_alpha() ? 2 : 1;
  return MapRows(view, gray_channels, view.type, GrayTag(view.color_space), [&](const float* from, float* to) {
    for (int64_t x = 0; x < view.width; ++x, from += channels, to += gray_channels) {
      to[0] = static_cast<float>(kRedWeight * from[0] + kGreenWeight * from[1] + kBlueWeight * from[2]);
      if (gray_channels == 2) to[1] = from[3];
    }
  });
}

Result<Image> ToRgb(const ConstImageView& view) {
  if (view.channels >= 3) return ConvertType(view, view.type);
  std::vector<int> from = {0, 0, 0};
  if (view.has_alpha()) from.push_back(1);
  return PickChannels(view, from, RgbTag(view.color_space));
}

Result<Image> WithAlpha(const ConstImageView& view) {
  if (view.has_alpha()) return ConvertType(view, view.type);
  if (view.channels == 1) return PickChannels(view, {0, -1}, view.color_space);
  return PickChannels(view, {0, 1, 2, -1}, view.color_space);
}

Result<Image> WithoutAlpha(const ConstImageView& view) {
  if (!view.has_alpha()) return ConvertType(view, view.type);
  if (view.channels == 2) return PickChannels(view, {0}, view.color_space);
  return PickChannels(view, {0, 1, 2}, view.color_space);
}

Result<Image> RgbToYcbcr(const ConstImageView& view, ColorSpace range, PixelType type) {
  SL_TRY(CheckRange(range));
  if (IsYcbcr(view.color_space))
    return InvalidArgument("the picture is ", ColorSpaceName(view.color_space), " already");
  if (view.channels <= 2) {
    SL_ASSIGN(const Image rgb, ToRgb(view));
    return RgbToYcbcr(rgb.view(), range, type);
  }
  const ColorMatrix& matrix = YcbcrMatrix(range);
  const size_t size_bytes = static_cast<size_t>(view.width) * static_cast<size_t>(view.channels) * sizeof(float);
  return MapRows(view, view.channels, type, range, [&](const float* from, float* to) {
    std::memcpy(to, from, size_bytes);
    ApplyMatrix(matrix, to, view.width, view.channels);
  });
}

Result<Image> YcbcrToRgb(const ConstImageView& view, PixelType type) {
  if (!IsYcbcr(view.color_space) || view.channels < 3) {
    return InvalidArgument("a ", ColorSpaceName(view.color_space), " picture of ", view.channels,
                           " channels is not YCbCr");
  }
  const ColorMatrix matrix = Inverse(YcbcrMatrix(view.color_space));
  const size_t size_bytes = static_cast<size_t>(view.width) * static_cast<size_t>(view.channels) * sizeof(float);
  return MapRows(view, view.channels, type, ColorSpace::kSrgb, [&](const float* from, float* to) {
    std::memcpy(to, from, size_bytes);
    ApplyMatrix(matrix, to, view.width, view.channels);
  });
}

Result<Image> Luma(const ConstImageView& view, ColorSpace range, PixelType type) {
  SL_TRY(CheckRange(range));
  if (IsYcbcr(view.color_space))
    return InvalidArgument("the picture is ", ColorSpaceName(view.color_space), " already");
  const ColorMatrix& matrix = YcbcrMatrix(range);
  const int channels = view.channels;
  const int green = channels >= 3 ? 1 : 0, blue = channels >= 3 ? 2 : 0;
  const auto& m = matrix.m[0];
  return MapRows(view, 1, type, ColorSpace::kGray, [&](const float* from, float* to) {
    for (int64_t x = 0; x < view.width; ++x, from += channels) {
      to[x] = static_cast<float>(m[0] * from[0] + m[1] * from[green] + m[2] * from[blue] + matrix.offset[0]);
    }
  });
}

}  // namespace safelight
