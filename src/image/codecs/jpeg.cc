// SPDX-License-Identifier: Apache-2.0
//
// JPEG by libjpeg-turbo: gray, RGB and CMYK in; gray and RGB out.
//
// libjpeg reports errors by a function that must not return; ours jumps. Each function that calls
// setjmp holds plain data only and makes no objects; pictures live in its caller. libjpeg fills what
// a damaged file lacks with gray and warns; those warnings are errors here.
#include <csetjmp>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string_view>
#include <vector>

// jpeglib.h needs FILE and size_t declared before it, and jerror.h needs jpeglib.h: its list of
// messages depends on how the library was configured.
#include <jpeglib.h>
// clang-format off
#include <jerror.h>
// clang-format on

#include "base/status.h"
#include "image/codecs/codec.h"

namespace safelight {
namespace {

constexpr std::string_view kExifMagic("Exif\0\0", 6);
constexpr std::string_view kXmpMagic("http://ns.adobe.com/xap/1.0/\0", 29);
constexpr size_t kMaxMarkerBytes = 65533;
// A block of 64 pixels takes 2 bits at least; end-of-band runs of progressive files take still less.
constexpr int64_t kMaxPixelsPerByte = 4096;
// Real progressive files have about ten; each scan costs a pass over the picture.
constexpr int kMaxScans = 500;
constexpr int kFullChromaQuality = 90;
// Tables made for the picture save a few per cent of the file, but libjpeg keeps all coefficients until they are known.
constexpr int64_t kMaxCoefficientBytes = 16 << 20;

struct Errors {
  jpeg_error_mgr base;
  jmp_buf jump;
  char text[JMSG_LENGTH_MAX];
};

[[noreturn]] void Jump(j_common_ptr info) {
  auto* errors = reinterpret_cast<Errors*>(info->err);
  (*info->err->format_message)(info, errors->text);
  longjmp(errors->jump, 1);
}

// Warnings after which the pixels are not those of the picture.
void OnMessage(j_common_ptr info, int level) {
  if (level >= 0) return;
  switch (info->err->msg_code) {
    case JWRN_HIT_MARKER:
    case JWRN_JPEG_EOF:
    case JWRN_HUFF_BAD_CODE:
    case JWRN_MUST_RESYNC:
    case JWRN_ARITH_BAD_CODE: Jump(info);
    default: return;
  }
}
void Silence(j_common_ptr) {}

jpeg_error_mgr* Prepare(Errors* errors) {
  jpeg_std_error(&errors->base);
  errors->base.error_exit = Jump;
  errors->base.emit_message = OnMessage;
  errors->base.output_message = Silence;
  std::strcpy(errors->text, "no memory");
  return &errors->base;
}

void OnProgress(j_common_ptr info) {
  const auto* decoder = reinterpret_cast<j_decompress_ptr>(info);
  if (decoder->input_scan_number <= kMaxScans) return;
  auto* errors = reinterpret_cast<Errors*>(info->err);
  std::snprintf(errors->text, sizeof(errors->text), "more than %d scans", kMaxScans);
  longjmp(errors->jump, 1);
}

struct Reader {
  jpeg_decompress_struct decoder{};
  Errors errors{};
  jpeg_progress_mgr progress{};
  JOCTET* icc = nullptr;  // from malloc
  unsigned icc_bytes = 0;

  ~Reader() {
    jpeg_destroy_decompress(&decoder);
    std::free(icc);
  }
};

bool ReadHeader(Reader* reader, std::span<const std::byte> file) {
  j_decompress_ptr decoder = &reader->decoder;
  decoder->err = Prepare(&reader->errors);
  if (setjmp(reader->errors.jump)) return false;
  jpeg_create_decompress(decoder);
  reader->progress.progress_monitor = OnProgress;
  decoder->progress = &reader->progress;
  jpeg_mem_src(decoder, reinterpret_cast<const unsigned char*>(file.data()), static_cast<unsigned long>(file.size()));
  jpeg_save_markers(decoder, JPEG_APP0 + 1, 0xffff);
  jpeg_save_markers(decoder, JPEG_APP0 + 2, 0xffff);
  jpeg_read_header(decoder, TRUE);
  if (decoder->num_components == 1) {
    decoder->out_color_space = JCS_GRAYSCALE;
  } else if (decoder->num_components == 4) {
    decoder->out_color_space = JCS_CMYK;
  } else {
    decoder->out_color_space = JCS_RGB;
  }
  return true;
}

bool ReadPixels(Reader* reader, JSAMPARRAY rows) {
  j_decompress_ptr decoder = &reader->decoder;
  if (setjmp(reader->errors.jump)) return false;
  jpeg_start_decompress(decoder);
  while (decoder->output_scanline < decoder->output_height) {
    jpeg_read_scanlines(decoder, rows + decoder->output_scanline, decoder->output_height - decoder->output_scanline);
  }
  jpeg_finish_decompress(decoder);
  return true;
}

bool ReadIcc(Reader* reader) {
  if (setjmp(reader->errors.jump)) return false;
  return jpeg_read_icc_profile(&reader->decoder, &reader->icc, &reader->icc_bytes) != 0;
}

ImageMetadata ReadMetadata(Reader* reader) {
  ImageMetadata metadata;
  for (auto* marker = reader->decoder.marker_list; marker != nullptr; marker = marker->next) {
    const std::span<const std::byte> bytes(reinterpret_cast<const std::byte*>(marker->data), marker->data_length);
    if (marker->marker != JPEG_APP0 + 1) continue;
    if (StartsWith(bytes, kExifMagic) && metadata.exif.empty()) {
      metadata.exif.assign(bytes.begin() + kExifMagic.size(), bytes.end());
    } else if (StartsWith(bytes, kXmpMagic) && metadata.xmp.empty()) {
      metadata.xmp.assign(bytes.begin() + kXmpMagic.size(), bytes.end());
    }
  }
  if (ReadIcc(reader)) {
    const auto* icc = reinterpret_cast<const std::byte*>(reader->icc);
    metadata.icc.assign(icc, icc + reader->icc_bytes);
  }
  return metadata;
}

// Without a printer's profile the plain product is what programs show. Adobe stores inks inverted.
Result<Image> RgbFromCmyk(const Image& cmyk, bool inverted) {
  SL_ASSIGN(Image rgb, Image::Create(cmyk.width(), cmyk.height(), 3, PixelType::kU8));
  const int flip = inverted ? 0 : 255;
  for (int64_t y = 0; y < rgb.height(); ++y) {
    const uint8_t* from = cmyk.row<uint8_t>(y);
    uint8_t* to = rgb.row<uint8_t>(y);
    for (int64_t x = 0; x < rgb.width(); ++x, from += 4) {
      const int paper = from[3] ^ flip;
      for (int c = 0; c < 3; ++c) *to++ = static_cast<uint8_t>(((from[c] ^ flip) * paper + 127) / 255);
    }
  }
  return rgb;
}

Result<Image> Decode(std::span<const std::byte> file, const ReadOptions& options) {
  Reader reader;
  if (!ReadHeader(&reader, file)) return CorruptData("broken JPEG: ", reader.errors.text);
  const jpeg_decompress_struct& decoder = reader.decoder;
  SL_TRY(CheckSize(decoder.image_width, decoder.image_height, file.size(), kMaxPixelsPerByte, options));
  const bool cmyk = decoder.out_color_space == JCS_CMYK;
  const int channels = cmyk ? 4 : decoder.out_color_space == JCS_GRAYSCALE ? 1 : 3;
  SL_ASSIGN(Image image, Image::Create(decoder.image_width, decoder.image_height, channels, PixelType::kU8));
  std::vector<JSAMPROW> rows;
  for (int64_t y = 0; y < image.height(); ++y) rows.push_back(image.row<JSAMPLE>(y));
  // libjpeg forgets the markers when it finishes.
  ImageMetadata metadata = ReadMetadata(&reader);
  if (!ReadPixels(&reader, rows.data())) return CorruptData("broken JPEG: ", reader.errors.text);
  if (cmyk) {
    SL_ASSIGN(image, RgbFromCmyk(image, decoder.saw_Adobe_marker != 0));
    metadata.icc.clear();
  }
  image.set_color_space(ColorSpaceOf(metadata.icc, image.channels()));
  image.metadata = std::move(metadata);
  return image;
}

// ---- writing ----

constexpr size_t kBufferBytes = 64 * 1024;

struct Target {
  jpeg_destination_mgr base;
  OutputFile* file;
  Status status;
  JOCTET buffer[kBufferBytes];
};

bool Put(Target* target, size_t size) {
  target->status = target->file->Write({reinterpret_cast<const std::byte*>(target->buffer), size});
  target->base.next_output_byte = target->buffer;
  target->base.free_in_buffer = kBufferBytes;
  return target->status.ok();
}
void StartTarget(j_compress_ptr encoder) {
  auto* target = reinterpret_cast<Target*>(encoder->dest);
  target->base.next_output_byte = target->buffer;
  target->base.free_in_buffer = kBufferBytes;
}
boolean EmptyTarget(j_compress_ptr encoder) {
  if (!Put(reinterpret_cast<Target*>(encoder->dest), kBufferBytes)) ERREXIT(encoder, JERR_FILE_WRITE);
  return TRUE;
}
void EndTarget(j_compress_ptr encoder) {
  auto* target = reinterpret_cast<Target*>(encoder->dest);
  if (!Put(target, kBufferBytes - target->base.free_in_buffer)) ERREXIT(encoder, JERR_FILE_WRITE);
}

struct Writer {
  jpeg_compress_struct encoder{};
  Errors errors{};
  Target target{};

  ~Writer() { jpeg_destroy_compress(&encoder); }
};

struct WriteJob {
  const ConstImageView* view;
  int quality;
  std::span<const std::byte> icc, app1_exif, app1_xmp;
};

void WriteMarker(j_compress_ptr encoder, std::span<const std::byte> bytes) {
  if (bytes.empty()) return;
  jpeg_write_marker(encoder, JPEG_APP0 + 1, reinterpret_cast<const JOCTET*>(bytes.data()),
                    static_cast<unsigned>(bytes.size()));
}

bool WriteAll(Writer* writer, const WriteJob& job) {
  j_compress_ptr encoder = &writer->encoder;
  encoder->err = Prepare(&writer->errors);
  if (setjmp(writer->errors.jump)) return false;
  jpeg_create_compress(encoder);
  writer->target.base.init_destination = StartTarget;
  writer->target.base.empty_output_buffer = EmptyTarget;
  writer->target.base.term_destination = EndTarget;
  encoder->dest = &writer->target.base;
  const ConstImageView& view = *job.view;
  encoder->image_width = static_cast<JDIMENSION>(view.width);
  encoder->image_height = static_cast<JDIMENSION>(view.height);
  encoder->input_components = view.channels;
  encoder->in_color_space = view.channels == 1 ? JCS_GRAYSCALE : JCS_RGB;
  jpeg_set_defaults(encoder);
  jpeg_set_quality(encoder, job.quality, TRUE);
  const int64_t coefficients = view.width * view.height * view.channels;
  encoder->optimize_coding = coefficients * static_cast<int64_t>(sizeof(JCOEF)) <= kMaxCoefficientBytes ? TRUE : FALSE;
  if (job.quality >= kFullChromaQuality) {
    encoder->comp_info[0].h_samp_factor = 1;
    encoder->comp_info[0].v_samp_factor = 1;
  }
  // JFIF's own header and EXIF both want to be first; readers accept EXIF after JFIF.
  jpeg_start_compress(encoder, TRUE);
  WriteMarker(encoder, job.app1_exif);
  WriteMarker(encoder, job.app1_xmp);
  if (!job.icc.empty()) {
    jpeg_write_icc_profile(encoder, reinterpret_cast<const JOCTET*>(job.icc.data()),
                           static_cast<unsigned>(job.icc.size()));
  }
  while (encoder->next_scanline < encoder->image_height) {
    // libjpeg's signature lacks a const; it reads only.
    auto* row = const_cast<JSAMPROW>(reinterpret_cast<const JSAMPLE*>(view.row(encoder->next_scanline)));
    jpeg_write_scanlines(encoder, &row, 1);
  }
  jpeg_finish_compress(encoder);
  return true;
}

// The marker's bytes; none if they do not fit into one.
std::vector<std::byte> Marker(std::string_view magic, const std::vector<std::byte>& bytes) {
  if (bytes.empty() || magic.size() + bytes.size() > kMaxMarkerBytes) return {};
  const auto* begin = reinterpret_cast<const std::byte*>(magic.data());
  std::vector<std::byte> marker(begin, begin + magic.size());
  marker.insert(marker.end(), bytes.begin(), bytes.end());
  return marker;
}

Status Encode(const ConstImageView& view, const WriteOptions& options, OutputFile* file) {
  if (view.width > JPEG_MAX_DIMENSION || view.height > JPEG_MAX_DIMENSION) {
    return Unsupported("JPEG holds ", JPEG_MAX_DIMENSION, " pixels a side, the picture is ", view.width, "x",
                       view.height);
  }
  const auto writer = std::make_unique<Writer>();
  writer->target.file = file;
  std::vector<std::byte> exif, xmp;
  if (options.metadata != nullptr) {
    exif = Marker(kExifMagic, options.metadata->exif);
    xmp = Marker(kXmpMagic, options.metadata->xmp);
  }
  if (WriteAll(writer.get(), {&view, options.jpeg_quality, FittingIcc(options, view.channels), exif, xmp})) return {};
  if (!writer->target.status.ok()) return writer->target.status;
  return Internal("libjpeg: ", writer->errors.text);
}

bool Recognises(std::span<const std::byte> head) { return StartsWith(head, "\xff\xd8\xff"); }

constexpr const char* kExtensions[] = {"jpg", "jpeg", "jpe", "jfif"};

}  // namespace

extern const Codec jpeg_codec;
const Codec jpeg_codec{"JPEG", kExtensions, Recognises, Decode, Encode, false, false, false};

}  // namespace safelight
