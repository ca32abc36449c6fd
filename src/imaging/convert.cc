// SPDX-License-Identifier: Apache-2.0
#include "imaging/convert.h"

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "image/rows.h"

namespace safelight {
namespace {

// One channel of a picture as a picture of its own.
Result<Image> TakeChannel(const ConstImageView& view, int channel) {
  SL_ASSIGN(Image plane, Image::Create(view.width, view.height, 1, PixelType::kF32));
  for (int64_t y = 0; y < view.height; ++y) {
    const float* from = reinterpret_cast<const float*>(view.row(y));
    float* to = plane.row<float>(y);
    for (int64_t x = 0; x < view.width; ++x) to[x] = from[x * view.channels + channel];
  }
  return plane;
}

// Index i mirrored into [0, size), as often as needed.
int64_t Reflect(int64_t i, int64_t size) {
  if (size == 1) return 0;
  const int64_t period = 2 * (size - 1);
  i = (i % period + period) % period;
  return i < size ? i : period - i;
}

// Which picture channel tensor channel c holds.
int PictureChannel(ChannelOrder order, int c) { return order == ChannelOrder::kBgr && c < 3 ? 2 - c : c; }

// How real values of a port are stored.
struct Storage {
  double scale = 1, zero_point = 0, low = 0, high = 0;
};
Result<Storage> StorageOf(const Port& port) {
  Storage storage;
  if (port.dtype == DType::kFloat32) return storage;
  if (port.dtype == DType::kUInt8) storage.high = 255;
  if (port.dtype == DType::kInt8) {
    storage.low = -128;
    storage.high = 127;
  }
  if (port.dtype == DType::kInt16) {
    storage.low = -32768;
    storage.high = 32767;
  }
  if (storage.high == 0) {
    return Unsupported("'", port.name, "' is ", DTypeName(port.dtype),
                       ", pictures go in as float32, uint8, int8 or int16");
  }
  if (!port.quant.empty()) {
    storage.scale = port.quant.scales[0];
    storage.zero_point = static_cast<double>(port.quant.zero_points[0]);
  }
  return storage;
}

// Places of a tensor's pixels for a picture.
struct Places {
  int64_t height, width, row, column, channel;
  Places(const Shape& shape, const PictureAxes& axes)
      : height(shape[axes.height]),
        width(shape[axes.width]),
        row(shape.Product(axes.height + 1, shape.rank())),
        column(shape.Product(axes.width + 1, shape.rank())),
        channel(shape.Product(axes.channel + 1, shape.rank())) {}
};

void StoreValue(const TensorView& tensor, const Storage& storage, int64_t at, double value) {
  if (tensor.dtype == DType::kFloat32) {
    static_cast<float*>(tensor.data)[at] = static_cast<float>(value);
    return;
  }
  const double stored = std::clamp(std::round(value / storage.scale) + storage.zero_point, storage.low, storage.high);
  if (tensor.dtype == DType::kUInt8) static_cast<uint8_t*>(tensor.data)[at] = static_cast<uint8_t>(stored);
  if (tensor.dtype == DType::kInt8) static_cast<int8_t*>(tensor.data)[at] = static_cast<int8_t>(stored);
  if (tensor.dtype == DType::kInt16) static_cast<int16_t*>(tensor.data)[at] = static_cast<int16_t>(stored);
}

double LoadValue(const ConstTensorView& tensor, const Storage& storage, int64_t at) {
  double stored = 0;
  if (tensor.dtype == DType::kFloat32) return static_cast<const float*>(tensor.data)[at];
  if (tensor.dtype == DType::kUInt8) stored = static_cast<const uint8_t*>(tensor.data)[at];
  if (tensor.dtype == DType::kInt8) stored = static_cast<const int8_t*>(tensor.data)[at];
  if (tensor.dtype == DType::kInt16) stored = static_cast<const int16_t*>(tensor.data)[at];
  return (stored - storage.zero_point) * storage.scale;
}

}  // namespace

Result<PictureParts> SplitPicture(const ConstImageView& picture, const PortRecipe& recipe) {
  PictureParts parts;
  SL_ASSIGN(Image color, ConvertType(picture, PixelType::kF32));
  if (recipe.order == ChannelOrder::kRgba) {
    SL_ASSIGN(color, ToRgb(color));
    SL_ASSIGN(parts.color, WithAlpha(color));
    return parts;
  }
  if (color.has_alpha()) {
    SL_ASSIGN(parts.alpha, TakeChannel(color, color.channels() - 1));
    SL_ASSIGN(color, WithoutAlpha(color));
  }
  if (recipe.order == ChannelOrder::kGray) {
    SL_ASSIGN(parts.color, ToGray(color));
  } else if (recipe.order == ChannelOrder::kY && color.channels() == 1) {
    parts.color = std::move(color);
  } else if (recipe.order == ChannelOrder::kY) {
    SL_ASSIGN(parts.chroma, RgbToYcbcr(color, ColorSpace::kYcbcrStudio, PixelType::kF32));
    SL_ASSIGN(parts.color, TakeChannel(parts.chroma, 0));
  } else {
    SL_ASSIGN(parts.color, ToRgb(color));
  }
  return parts;
}

Status FillTensor(const ConstImageView& color, const PortRecipe& recipe, const Port& port, int64_t top, int64_t left,
                  int first_channel, const TensorView& tensor) {
  SL_ASSIGN(const Storage storage, StorageOf(port));
  const Places places(tensor.shape, recipe.axes);
  const double black = recipe.range.black, span = recipe.range.white - recipe.range.black;
  for (int64_t y = 0; y < places.height; ++y) {
    const float* row = reinterpret_cast<const float*>(color.row(Reflect(y - top, color.height)));
    for (int64_t x = 0; x < places.width; ++x) {
      const float* pixel = row + Reflect(x - left, color.width) * color.channels;
      for (int c = 0; c < recipe.channels; ++c) {
        const double value = black + span * pixel[PictureChannel(recipe.order, c)];
        StoreValue(tensor, storage, y * places.row + x * places.column + (first_channel + c) * places.channel, value);
      }
    }
  }
  return {};
}

Status ReadTensor(const ConstTensorView& tensor, const PortRecipe& recipe, const Port& port, int64_t y, int64_t x,
                  const ImageView& to) {
  SL_ASSIGN(const Storage storage, StorageOf(port));
  const Places places(tensor.shape, recipe.axes);
  const double black = recipe.range.black, span = recipe.range.white - recipe.range.black;
  const size_t count = static_cast<size_t>(to.width) * static_cast<size_t>(recipe.channels);
  std::vector<float> row(count);
  for (int64_t v = 0; v < to.height; ++v) {
    for (int64_t u = 0; u < to.width; ++u) {
      for (int c = 0; c < recipe.channels; ++c) {
        const int64_t at = (y + v) * places.row + (x + u) * places.column + c * places.channel;
        const double value = (LoadValue(tensor, storage, at) - black) / span;
        row[u * recipe.channels + PictureChannel(recipe.order, c)] = static_cast<float>(value);
      }
    }
    FloatToRow(row.data(), to.type, count, 1.0f, to.row(v));
  }
  return {};
}

bool NeedsJoining(const PictureParts& parts, const Recipe& recipe) {
  return (recipe.output.order == ChannelOrder::kY && !parts.chroma.empty()) || !parts.alpha.empty();
}

Result<Image> JoinPicture(Image result, const PictureParts& parts, const Recipe& recipe, PixelType type) {
  const int64_t width = result.width(), height = result.height();
  if (recipe.output.order == ChannelOrder::kY && !parts.chroma.empty()) {
    SL_ASSIGN(Image ycbcr, Resize(parts.chroma, width, height, Filter::kBicubic));
    for (int64_t y = 0; y < height; ++y) {
      for (int64_t x = 0; x < width; ++x) ycbcr.row<float>(y)[x * 3] = result.row<float>(y)[x];
    }
    ycbcr.set_color_space(ColorSpace::kYcbcrStudio);
    SL_ASSIGN(result, YcbcrToRgb(ycbcr, PixelType::kF32));
  }
  if (!parts.alpha.empty() && !result.has_alpha()) {
    SL_ASSIGN(const Image alpha, Resize(parts.alpha, width, height, Filter::kBicubic));
    SL_ASSIGN(result, WithAlpha(result));
    const int channels = result.channels();
    for (int64_t y = 0; y < height; ++y) {
      for (int64_t x = 0; x < width; ++x) {
        result.row<float>(y)[x * channels + channels - 1] = std::clamp(alpha.row<float>(y)[x], 0.0f, 1.0f);
      }
    }
  }
  if (result.type() == type) return result;
  return ConvertType(result, type);
}

}  // namespace safelight
