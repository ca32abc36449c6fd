// SPDX-License-Identifier: Apache-2.0
//
// Reading and writing files: which codec, what to convert first, and the name in every sentence.
//
// A file is read whole into memory before it is decoded, so an output may replace its own input.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string>
#include <vector>

#include "base/status.h"
#include "image/codecs/codec.h"
#include "image/exif.h"
#include "image/oiio/oiio_bridge.h"
#include "image/output_file.h"
#include "image/rows.h"
#include "safelight/image.h"

namespace safelight {
namespace {

constexpr size_t kHeadBytes = 32;
constexpr size_t kMaxFileBytes = size_t{1} << 32;
constexpr size_t kReadBytes = size_t{1} << 20;

class InputFile {
 public:
  ~InputFile() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }

  Status Open(const std::string& path) {
    descriptor_ = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (descriptor_ < 0) {
      const int error_number = errno;
      const bool missing = error_number == ENOENT || error_number == ENOTDIR;
      return missing ? NotFound("no such file") : IoError("cannot open: ", ErrnoText(error_number));
    }
    struct stat info;
    if (::fstat(descriptor_, &info) != 0) return IoError("cannot open: ", ErrnoText(errno));
    if (S_ISDIR(info.st_mode)) return InvalidArgument("is a folder, not a picture");
    size_hint_ = S_ISREG(info.st_mode) ? static_cast<size_t>(info.st_size) : 0;
    return {};
  }

  // Adds bytes until there are `wanted` or the file ends.
  Status ReadUpTo(size_t wanted, std::vector<std::byte>* bytes) {
    while (bytes->size() < wanted) {
      const size_t before = bytes->size();
      const size_t step =
          std::min(wanted - before, std::max(kReadBytes, size_hint_ > before ? size_hint_ - before : 0));
      bytes->resize(before + step);
      const ssize_t got = ::read(descriptor_, bytes->data() + before, step);
      bytes->resize(before + static_cast<size_t>(std::max<ssize_t>(got, 0)));
      if (got < 0 && errno != EINTR) return IoError("cannot read: ", ErrnoText(errno));
      if (got == 0) return {};
    }
    return {};
  }

 private:
  int descriptor_ = -1;
  size_t size_hint_ = 0;
};

const Codec* CodecOf(std::span<const std::byte> head) {
  for (const Codec* codec : AllCodecs()) {
    if (codec->recognises(head)) return codec;
  }
  return nullptr;
}

const Codec* CodecOf(const std::string& extension) {
  for (const Codec* codec : AllCodecs()) {
    for (const char* known : codec->extensions) {
      if (extension == known) return codec;
    }
  }
  return nullptr;
}

Result<Image> Upright(Image image, int orientation) {
  if (orientation == 1) orientation = ExifOrientation(image.metadata.exif);
  ResetExifOrientation(image.metadata.exif);
  return ApplyOrientation(std::move(image), orientation);
}

Result<Image> Read(const std::string& path, const ReadOptions& options) {
  InputFile file;
  SL_TRY(file.Open(path));
  std::vector<std::byte> bytes;
  SL_TRY(file.ReadUpTo(kHeadBytes, &bytes));
  if (bytes.empty()) return CorruptData("the file is empty");
  const Codec* codec = CodecOf(bytes);
  if (codec == nullptr) {
    int orientation = 1;
    SL_ASSIGN(Image image, ReadByPlugin(path, bytes, options, &orientation));
    return Upright(std::move(image), orientation);
  }
  SL_TRY(file.ReadUpTo(kMaxFileBytes, &bytes));
  SL_ASSIGN(Image image, codec->decode(bytes, options));
  bytes = {};
  return Upright(std::move(image), 1);
}

bool IsOpaque(const ConstImageView& view) {
  const size_t size = PixelTypeSize(view.type);
  for (int64_t y = 0; y < view.height; ++y) {
    const std::byte* alpha = view.row(y) + view.pixel_bytes() - size;
    for (int64_t x = 0; x < view.width; ++x, alpha += view.pixel_bytes()) {
      const bool opaque = view.type == PixelType::kU8    ? std::to_integer<int>(*alpha) == 255
                          : view.type == PixelType::kU16 ? *reinterpret_cast<const uint16_t*>(alpha) == 65535
                                                         : *reinterpret_cast<const float*>(alpha) >= 1.0f;
      if (!opaque) return false;
    }
  }
  return true;
}

// The picture in a form that the codec takes: `view` itself where it is one already, else in `kept`.
Status Adapt(const Codec& codec, ConstImageView* view, Image* kept) {
  if (view->has_alpha() && !codec.takes_alpha) {
    if (!IsOpaque(*view)) return Unsupported(codec.name, " holds no transparency, and the picture has some");
    SL_ASSIGN(*kept, WithoutAlpha(*view));
    *view = kept->view();
  }
  if (view->color_space == ColorSpace::kLinear && !codec.takes_linear) {
    SL_ASSIGN(*kept, ConvertCurve(*view, ColorSpace::kSrgb));
    *view = kept->view();
  }
  const PixelType type = codec.takes_u16 && view->type != PixelType::kU8 ? PixelType::kU16 : PixelType::kU8;
  if (view->type != type) {
    SL_ASSIGN(*kept, ConvertType(*view, type));
    *view = kept->view();
  }
  return {};
}

Status CheckOptions(const WriteOptions& options) {
  if (options.jpeg_quality < 1 || options.jpeg_quality > 100) {
    return InvalidArgument("JPEG quality ", options.jpeg_quality, ", must be 1 to 100");
  }
  if (options.webp_quality < 0 || options.webp_quality > 100) {
    return InvalidArgument("WebP quality ", options.webp_quality, ", must be 0 to 100");
  }
  if (options.png_level < 0 || options.png_level > 9) {
    return InvalidArgument("PNG level ", options.png_level, ", must be 0 to 9");
  }
  return {};
}

Status CheckExtension(const std::string& path) {
  const std::string extension = LowerExtension(path);
  if (extension.empty()) return InvalidArgument("the name has no extension, which tells the format (.png, .jpg, ...)");
  if (CodecOf(extension) != nullptr || PluginWrites(extension)) return {};
  return InvalidArgument("no picture format is written as .", extension);
}

Status Write(const std::string& path, const ConstImageView& view, const WriteOptions& options) {
  SL_TRY(CheckView(view));
  SL_TRY(CheckOptions(options));
  if (view.color_space >= ColorSpace::kYcbcrStudio) {
    return InvalidArgument("a ", ColorSpaceName(view.color_space), " picture has to become RGB before it is written");
  }
  const std::string extension = LowerExtension(path);
  SL_TRY(CheckExtension(path));
  const Codec* codec = CodecOf(extension);
  ConstImageView source = view;
  Image converted;
  if (codec != nullptr) SL_TRY(Adapt(*codec, &source, &converted));
  OutputFile file;
  SL_TRY(file.Open(path));
  SL_TRY(codec != nullptr ? codec->encode(source, options, &file) : WriteByPlugin(source, extension, options, &file));
  return file.Commit();
}

}  // namespace

Result<Image> ReadImage(const std::string& path, const ReadOptions& options) {
  Result<Image> image = Read(path, options);
  if (!image.ok()) return image.status().With(path);
  return image;
}

Status WriteImage(const std::string& path, const ConstImageView& view, const WriteOptions& options) {
  return Write(path, view, options).With(path);
}

Status CheckImageName(const std::string& path) { return CheckExtension(path).With(path); }

std::vector<std::string> ImageExtensions() {
  std::vector<std::string> extensions;
  for (const Codec* codec : AllCodecs())
    extensions.insert(extensions.end(), codec->extensions.begin(), codec->extensions.end());
  extensions.insert(extensions.end(), PluginExtensions().begin(), PluginExtensions().end());
  return extensions;
}

}  // namespace safelight
