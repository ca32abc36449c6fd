// SPDX-License-Identifier: Apache-2.0
//
// WebP by libwebp, still pictures, with or without alpha; metadata by libwebpmux.
//
// WebP knows RGB only: gray pictures are written as RGB. Cost: encoding is slow, about a second for
// six megapixels.
#include <webp/decode.h>
#include <webp/encode.h>
#include <webp/mux.h>

#include <memory>
#include <vector>

#include "base/status.h"
#include "image/codecs/codec.h"

namespace safelight {
namespace {

// A lossless picture of one colour takes a few bytes at any size, so the bound is a wide one: it
// keeps a file of a few bytes from asking for more than 17 megapixels.
constexpr int64_t kMaxPixelsPerByte = 100000;
constexpr int64_t kSparePixels = int64_t{1} << 24;

struct DeleteMux {
  void operator()(WebPMux* mux) const { WebPMuxDelete(mux); }
};
using Mux = std::unique_ptr<WebPMux, DeleteMux>;

std::vector<std::byte> Chunk(const WebPMux* mux, const char* name) {
  WebPData data;
  if (WebPMuxGetChunk(mux, name, &data) != WEBP_MUX_OK) return {};
  const auto* begin = reinterpret_cast<const std::byte*>(data.bytes);
  return std::vector<std::byte>(begin, begin + data.size);
}

ImageMetadata ReadMetadata(std::span<const std::byte> file) {
  ImageMetadata metadata;
  const WebPData data{reinterpret_cast<const uint8_t*>(file.data()), file.size()};
  const Mux mux(WebPMuxCreate(&data, 0));
  if (mux == nullptr) return metadata;
  metadata.exif = Chunk(mux.get(), "EXIF");
  metadata.icc = Chunk(mux.get(), "ICCP");
  metadata.xmp = Chunk(mux.get(), "XMP ");
  // Some writers put JPEG's prefix before the TIFF structure.
  const std::span<const std::byte> exif = metadata.exif;
  if (StartsWith(exif, std::string_view("Exif\0\0", 6)))
    metadata.exif.erase(metadata.exif.begin(), metadata.exif.begin() + 6);
  return metadata;
}

Status StatusOf(VP8StatusCode code) {
  switch (code) {
    case VP8_STATUS_OK: return {};
    case VP8_STATUS_OUT_OF_MEMORY: return ResourceLimit("no memory for libwebp");
    case VP8_STATUS_UNSUPPORTED_FEATURE: return Unsupported("a WebP of a kind that libwebp does not know");
    case VP8_STATUS_NOT_ENOUGH_DATA: return CorruptData("broken WebP: the file ends too early");
    default: return CorruptData("broken WebP: the data make no picture");
  }
}

Result<Image> Decode(std::span<const std::byte> file, const ReadOptions& options) {
  const auto* bytes = reinterpret_cast<const uint8_t*>(file.data());
  WebPDecoderConfig config;
  if (WebPInitDecoderConfig(&config) == 0) return Internal("libwebp is of another version than its headers");
  SL_TRY(StatusOf(WebPGetFeatures(bytes, file.size(), &config.input)));
  if (config.input.has_animation != 0) return Unsupported("an animated WebP; safelight reads still pictures");
  const int64_t width = config.input.width, height = config.input.height;
  if (width * height > kSparePixels) SL_TRY(CheckSize(width, height, file.size(), kMaxPixelsPerByte, options));
  SL_TRY(CheckLimit(width, height, options));
  const bool alpha = config.input.has_alpha != 0;
  SL_ASSIGN(Image image, Image::Create(width, height, alpha ? 4 : 3, PixelType::kU8));
  config.output.colorspace = alpha ? MODE_RGBA : MODE_RGB;
  config.output.is_external_memory = 1;
  config.output.u.RGBA.rgba = image.row<uint8_t>(0);
  config.output.u.RGBA.stride = static_cast<int>(image.view().stride_bytes);
  config.output.u.RGBA.size = image.view().stride_bytes * static_cast<size_t>(height);
  SL_TRY(StatusOf(WebPDecode(bytes, file.size(), &config)));
  image.metadata = ReadMetadata(file);
  image.set_color_space(ColorSpaceOf(image.metadata.icc, image.channels()));
  return image;
}

struct Picture {
  WebPPicture picture;
  WebPMemoryWriter writer;
  bool ready;
  Picture() : ready(WebPPictureInit(&picture) != 0) {
    WebPMemoryWriterInit(&writer);
    picture.writer = WebPMemoryWrite;
    picture.custom_ptr = &writer;
  }
  ~Picture() {
    WebPPictureFree(&picture);
    WebPMemoryWriterClear(&writer);
  }
  Picture(const Picture&) = delete;
  Picture& operator=(const Picture&) = delete;
};

Status Compress(const ConstImageView& rgb, const WriteOptions& options, Picture* target) {
  WebPConfig config;
  if (!target->ready || WebPConfigInit(&config) == 0) return Internal("libwebp is of another version than its headers");
  config.quality = static_cast<float>(options.webp_quality);
  config.lossless = options.webp_lossless ? 1 : 0;
  config.exact = config.lossless;  // colours under transparent pixels are kept too
  if (WebPValidateConfig(&config) == 0) return InvalidArgument("webp quality ", options.webp_quality);
  WebPPicture& picture = target->picture;
  picture.use_argb = config.lossless;
  picture.width = static_cast<int>(rgb.width);
  picture.height = static_cast<int>(rgb.height);
  const auto* pixels = reinterpret_cast<const uint8_t*>(rgb.data);
  const int stride = static_cast<int>(rgb.stride_bytes);
  const int imported = rgb.channels == 4 ? WebPPictureImportRGBA(&picture, pixels, stride)
                                         : WebPPictureImportRGB(&picture, pixels, stride);
  if (imported == 0) return ResourceLimit("no memory for libwebp");
  if (WebPEncode(&config, &picture) == 0) {
    return picture.error_code == VP8_ENC_ERROR_OUT_OF_MEMORY ||
                   picture.error_code == VP8_ENC_ERROR_BITSTREAM_OUT_OF_MEMORY
               ? ResourceLimit("no memory for libwebp")
               : Unsupported("libwebp cannot encode the picture, its error ", static_cast<int>(picture.error_code));
  }
  return {};
}

bool AddChunk(WebPMux* mux, const char* name, std::span<const std::byte> bytes) {
  const WebPData data{reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()};
  return bytes.empty() || WebPMuxSetChunk(mux, name, &data, 0) == WEBP_MUX_OK;
}

Status WriteWithMetadata(const WebPData& picture, const WriteOptions& options, OutputFile* file) {
  const Mux mux(WebPMuxNew());
  WebPData whole{nullptr, 0};
  const bool made =
      mux != nullptr && WebPMuxSetImage(mux.get(), &picture, 0) == WEBP_MUX_OK &&
      AddChunk(mux.get(), "ICCP", FittingIcc(options, 3)) && AddChunk(mux.get(), "EXIF", options.metadata->exif) &&
      AddChunk(mux.get(), "XMP ", options.metadata->xmp) && WebPMuxAssemble(mux.get(), &whole) == WEBP_MUX_OK;
  if (!made) return Internal("libwebpmux refuses the metadata");
  const Status status = file->Write({reinterpret_cast<const std::byte*>(whole.bytes), whole.size});
  WebPDataClear(&whole);
  return status;
}

Status Encode(const ConstImageView& view, const WriteOptions& options, OutputFile* file) {
  if (view.width > WEBP_MAX_DIMENSION || view.height > WEBP_MAX_DIMENSION) {
    return Unsupported("WebP holds ", WEBP_MAX_DIMENSION, " pixels a side, the picture is ", view.width, "x",
                       view.height);
  }
  Picture picture;
  if (view.channels <= 2) {
    SL_ASSIGN(const Image rgb, ToRgb(view));
    SL_TRY(Compress(rgb.view(), options, &picture));
  } else {
    SL_TRY(Compress(view, options, &picture));
  }
  if (options.metadata == nullptr) {
    return file->Write({reinterpret_cast<const std::byte*>(picture.writer.mem), picture.writer.size});
  }
  return WriteWithMetadata({picture.writer.mem, picture.writer.size}, options, file);
}

bool Recognises(std::span<const std::byte> head) {
  return head.size() >= 12 && StartsWith(head, "RIFF") && StartsWith(head.subspan(8), "WEBP");
}

constexpr const char* kExtensions[] = {"webp"};

}  // namespace

extern const Codec webp_codec;
const Codec webp_codec{"WebP", kExtensions, Recognises, Decode, Encode, false, false, true};

}  // namespace safelight
