// SPDX-License-Identifier: Apache-2.0
//
// PNG by libpng: every colour type, depth and interlacing; 8 and 16 bits out.
//
// libpng reports errors by longjmp. Each function that calls setjmp holds plain data only and makes
// no objects; pictures and vectors live in its caller. Cost: zlib's.
#include <png.h>

#include <bit>
#include <cstring>
#include <vector>

#include "base/status.h"
#include "image/codecs/codec.h"

namespace safelight {
namespace {

constexpr char kXmpKeyword[] = "XML:com.adobe.xmp";
// Deflate shrinks by at most 1032; a picture of 1 bit has 8 pixels in a byte.
constexpr int64_t kMaxDeflateRatio = 1100;
// Of unpacked profiles and texts.
constexpr png_alloc_size_t kMaxChunkBytes = 16 << 20;
constexpr double kLinearGamma = 1.0;

struct Messages {
  char error[192] = "libpng failed";
};

void OnError(png_structp png, png_const_charp text) {
  auto* messages = static_cast<Messages*>(png_get_error_ptr(png));
  std::strncpy(messages->error, text, sizeof(messages->error) - 1);
  png_longjmp(png, 1);
}
void OnWarning(png_structp, png_const_charp) {}

struct Source {
  std::span<const std::byte> bytes;
  size_t position = 0;
};

void ReadBytes(png_structp png, png_bytep target, size_t size) {
  auto* source = static_cast<Source*>(png_get_io_ptr(png));
  if (size > source->bytes.size() - source->position) png_error(png, "the file ends too early");
  std::memcpy(target, source->bytes.data() + source->position, size);
  source->position += size;
}

// Whether every chunk lies within the file. libpng takes memory for a chunk before it sees that the
// bytes are not there.
bool ChunksFit(std::span<const std::byte> file) {
  constexpr size_t kSignatureBytes = 8, kHeadBytes = 8, kCrcBytes = 4;
  size_t at = kSignatureBytes;
  while (file.size() - at >= kHeadBytes + kCrcBytes) {
    const size_t length = png_get_uint_32(reinterpret_cast<png_const_bytep>(file.data()) + at);
    if (StartsWith(file.subspan(at + 4), "IEND")) return true;
    if (length > file.size() - at - kHeadBytes - kCrcBytes) return false;
    at += kHeadBytes + length + kCrcBytes;
  }
  return false;
}

struct Reader {
  Source source;
  Messages messages;
  png_structp png = nullptr;
  png_infop info = nullptr;
  // As stored.
  int64_t width = 0, height = 0;
  size_t stored_row_bytes = 0;
  // As decoded.
  int channels = 0, bit_depth = 0;
  size_t row_bytes = 0;

  explicit Reader(std::span<const std::byte> file) : source{file} {
    png = png_create_read_struct(PNG_LIBPNG_VER_STRING, &messages, OnError, OnWarning);
    if (png != nullptr) info = png_create_info_struct(png);
  }
  ~Reader() { png_destroy_read_struct(&png, &info, nullptr); }
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;
};

bool ReadHeader(Reader* reader) {
  png_structp png = reader->png;
  if (setjmp(png_jmpbuf(png))) return false;
  png_set_read_fn(png, &reader->source, ReadBytes);
  // The profile's own checks cost more than a small picture; profiles are carried, not used.
  png_set_option(png, PNG_SKIP_sRGB_CHECK_PROFILE, PNG_OPTION_ON);
  png_set_chunk_malloc_max(png, kMaxChunkBytes);
  png_read_info(png, reader->info);
  reader->width = png_get_image_width(png, reader->info);
  reader->height = png_get_image_height(png, reader->info);
  reader->stored_row_bytes = png_get_rowbytes(png, reader->info);
  png_set_expand(png);  // palette to RGB, 1/2/4 bits to 8, transparent colour to alpha
  if (std::endian::native == std::endian::little) png_set_swap(png);
  png_set_interlace_handling(png);
  png_read_update_info(png, reader->info);
  reader->channels = png_get_channels(png, reader->info);
  reader->bit_depth = png_get_bit_depth(png, reader->info);
  reader->row_bytes = png_get_rowbytes(png, reader->info);
  return true;
}

bool ReadPixels(Reader* reader, png_bytep* rows) {
  if (setjmp(png_jmpbuf(reader->png))) return false;
  png_read_image(reader->png, rows);
  png_read_end(reader->png, reader->info);
  return true;
}

std::vector<std::byte> Bytes(const void* data, size_t size) {
  const auto* begin = static_cast<const std::byte*>(data);
  return std::vector<std::byte>(begin, begin + size);
}

// tEXt is Latin-1; metadata is UTF-8, as iTXt is.
std::string Utf8(std::string_view latin1) {
  std::string text;
  for (const char c : latin1) {
    const auto code = static_cast<unsigned char>(c);
    if (code >= 0x80) text.push_back(static_cast<char>(0xc0 | code >> 6));
    text.push_back(static_cast<char>(code >= 0x80 ? 0x80 | (code & 0x3f) : code));
  }
  return text;
}

ImageMetadata ReadMetadata(const Reader& reader) {
  ImageMetadata metadata;
  png_charp name = nullptr;
  int compression = 0;
  png_bytep profile = nullptr;
  png_uint_32 size = 0;
  if (png_get_iCCP(reader.png, reader.info, &name, &compression, &profile, &size) != 0) {
    metadata.icc = Bytes(profile, size);
  }
  png_bytep exif = nullptr;
  if (png_get_eXIf_1(reader.png, reader.info, &size, &exif) != 0) metadata.exif = Bytes(exif, size);
  png_textp texts = nullptr;
  const int count = png_get_text(reader.png, reader.info, &texts, nullptr);
  for (int i = 0; i < count; ++i) {
    const bool international = texts[i].compression >= PNG_ITXT_COMPRESSION_NONE;
    const size_t length = international ? texts[i].itxt_length : texts[i].text_length;
    if (std::strcmp(texts[i].key, kXmpKeyword) == 0) {
      metadata.xmp = Bytes(texts[i].text, length);
    } else {
      const std::string_view text(texts[i].text, length);
      metadata.text.emplace_back(texts[i].key, international ? std::string(text) : Utf8(text));
    }
  }
  return metadata;
}

ColorSpace TagOf(const Reader& reader, const ImageMetadata& metadata) {
  double gamma = 0;
  const bool says_more = !metadata.icc.empty() || png_get_valid(reader.png, reader.info, PNG_INFO_sRGB) != 0;
  if (!says_more && png_get_gAMA(reader.png, reader.info, &gamma) != 0 && gamma > 0.99 && gamma < 1.01) {
    return ColorSpace::kLinear;
  }
  return ColorSpaceOf(metadata.icc, reader.channels);
}

Result<Image> Decode(std::span<const std::byte> file, const ReadOptions& options) {
  if (!ChunksFit(file)) return CorruptData("broken PNG: the file ends too early");
  Reader reader(file);
  if (reader.info == nullptr) return ResourceLimit("no memory for libpng");
  if (!ReadHeader(&reader)) return CorruptData("broken PNG: ", reader.messages.error);
  SL_TRY(CheckSize(reader.width, reader.height, file.size(), kMaxDeflateRatio * 8, options));
  if (static_cast<int64_t>(reader.stored_row_bytes) * reader.height >
      kMaxDeflateRatio * static_cast<int64_t>(file.size())) {
    return CorruptData("the header says ", reader.width, "x", reader.height, ", which no file of ", file.size(),
                       " bytes can hold");
  }
  const PixelType type = reader.bit_depth == 16 ? PixelType::kU16 : PixelType::kU8;
  SL_ASSIGN(Image image, Image::Create(reader.width, reader.height, reader.channels, type));
  if (image.view().row_bytes() != reader.row_bytes) return Internal("a PNG row of ", reader.row_bytes, " bytes");
  std::vector<png_bytep> rows;
  for (int64_t y = 0; y < reader.height; ++y) rows.push_back(image.row<png_byte>(y));
  if (!ReadPixels(&reader, rows.data())) return CorruptData("broken PNG: ", reader.messages.error);
  image.metadata = ReadMetadata(reader);
  image.set_color_space(TagOf(reader, image.metadata));
  return image;
}

struct Writer {
  OutputFile* file;
  Status status;
  Messages messages;
  png_structp png = nullptr;
  png_infop info = nullptr;

  explicit Writer(OutputFile* target) : file(target) {
    png = png_create_write_struct(PNG_LIBPNG_VER_STRING, &messages, OnError, OnWarning);
    if (png != nullptr) info = png_create_info_struct(png);
  }
  ~Writer() { png_destroy_write_struct(&png, &info); }
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;
};

// Reports whether the bytes were taken; no object of ours is alive when OnError jumps.
bool Put(Writer* writer, png_bytep bytes, size_t size) {
  writer->status = writer->file->Write({reinterpret_cast<const std::byte*>(bytes), size});
  return writer->status.ok();
}
void WriteBytes(png_structp png, png_bytep bytes, size_t size) {
  if (!Put(static_cast<Writer*>(png_get_io_ptr(png)), bytes, size)) png_error(png, "cannot write");
}
void Flush(png_structp) {}

// PNG's rule: 1 to 79 printable characters of Latin-1, no spaces at the ends or in a row.
bool IsKeyword(const std::string& key) {
  if (key.empty() || key.size() > 79 || key.front() == ' ' || key.back() == ' ') return false;
  for (size_t i = 0; i < key.size(); ++i) {
    const auto code = static_cast<unsigned char>(key[i]);
    if (code < 32 || (code > 126 && code < 161) || (code == ' ' && key[i + 1] == ' ')) return false;
  }
  return true;
}

struct WriteJob {
  const ConstImageView* view;
  int level;
  std::span<const std::byte> icc, exif;
  png_textp texts;
  int text_count;
};

bool WriteAll(Writer* writer, const WriteJob& job) {
  png_structp png = writer->png;
  png_infop info = writer->info;
  if (setjmp(png_jmpbuf(png))) return false;
  const ConstImageView& view = *job.view;
  static constexpr int kColorTypes[] = {PNG_COLOR_TYPE_GRAY, PNG_COLOR_TYPE_GRAY_ALPHA, PNG_COLOR_TYPE_RGB,
                                        PNG_COLOR_TYPE_RGB_ALPHA};
  png_set_write_fn(png, writer, WriteBytes, Flush);
  png_set_option(png, PNG_SKIP_sRGB_CHECK_PROFILE, PNG_OPTION_ON);
  // A profile that libpng finds fault with is left out; the picture is not to blame.
  png_set_benign_errors(png, 1);
  png_set_user_limits(png, PNG_UINT_31_MAX, PNG_UINT_31_MAX);
  png_set_IHDR(png, info, static_cast<png_uint_32>(view.width), static_cast<png_uint_32>(view.height),
               view.type == PixelType::kU16 ? 16 : 8, kColorTypes[view.channels - 1], PNG_INTERLACE_NONE,
               PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
  png_set_compression_level(png, job.level);
  // On photos these two at level 3 give smaller files than all five at level 6, four times as fast.
  png_set_filter(png, PNG_FILTER_TYPE_BASE, PNG_FILTER_SUB | PNG_FILTER_UP);
  if (view.color_space == ColorSpace::kLinear) png_set_gAMA(png, info, kLinearGamma);
  if (!job.icc.empty()) {
    png_set_iCCP(png, info, "icc", PNG_COMPRESSION_TYPE_DEFAULT, reinterpret_cast<png_const_bytep>(job.icc.data()),
                 static_cast<png_uint_32>(job.icc.size()));
  }
  if (!job.exif.empty()) {
    // libpng's signature lacks a const; it copies the bytes.
    png_set_eXIf_1(png, info, static_cast<png_uint_32>(job.exif.size()),
                   const_cast<png_bytep>(reinterpret_cast<png_const_bytep>(job.exif.data())));
  }
  if (job.text_count > 0) png_set_text(png, info, job.texts, job.text_count);
  png_write_info(png, info);
  if (std::endian::native == std::endian::little) png_set_swap(png);
  for (int64_t y = 0; y < view.height; ++y) png_write_row(png, reinterpret_cast<png_const_bytep>(view.row(y)));
  png_write_end(png, info);
  return true;
}

Status Encode(const ConstImageView& view, const WriteOptions& options, OutputFile* file) {
  Writer writer(file);
  if (writer.info == nullptr) return ResourceLimit("no memory for libpng");
  WriteJob job{&view, options.png_level, FittingIcc(options, view.channels), {}, nullptr, 0};
  std::vector<png_text> texts;
  std::string xmp;
  const auto add_text = [&](const std::string& key, const std::string& text, int compression) {
    png_text entry{};
    entry.compression = compression;
    entry.key = const_cast<char*>(key.c_str());
    entry.text = const_cast<char*>(text.c_str());
    texts.push_back(entry);
  };
  const std::string xmp_key = kXmpKeyword;
  if (options.metadata != nullptr) {
    job.exif = options.metadata->exif;
    xmp.assign(reinterpret_cast<const char*>(options.metadata->xmp.data()), options.metadata->xmp.size());
    if (!xmp.empty()) add_text(xmp_key, xmp, PNG_ITXT_COMPRESSION_NONE);
    for (const auto& [key, text] : options.metadata->text) {
      if (IsKeyword(key)) add_text(key, text, PNG_ITXT_COMPRESSION_NONE);
    }
  }
  job.texts = texts.data();
  job.text_count = static_cast<int>(texts.size());
  if (WriteAll(&writer, job)) return {};
  if (!writer.status.ok()) return writer.status;
  return Internal("libpng: ", writer.messages.error);
}

bool Recognises(std::span<const std::byte> head) { return StartsWith(head, "\x89PNG\r\n\x1a\n"); }

constexpr const char* kExtensions[] = {"png"};

}  // namespace

extern const Codec png_codec;
const Codec png_codec{"PNG", kExtensions, Recognises, Decode, Encode, true, true, true};

}  // namespace safelight
