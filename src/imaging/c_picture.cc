// SPDX-License-Identifier: Apache-2.0
#include "safelight/c_picture.h"

#include <cstring>

#include "runtime/c_support.h"
#include "safelight/image.h"
#include "safelight/picture.h"

struct safelight_image {
  safelight::Image image;
};
struct safelight_pipeline {
  safelight::PicturePipeline pipeline;
  std::vector<std::string> notes = {};  // as of the last run
};

namespace safelight {
namespace {

static_assert(SAFELIGHT_F32 == static_cast<int>(PixelType::kF32));
static_assert(SAFELIGHT_YCBCR_FULL == static_cast<int>(ColorSpace::kYcbcrFull));

Result<Image> CopyPixels(const safelight_pixels& pixels) {
  if (pixels.type < 0 || pixels.type > SAFELIGHT_F32) {
    return InvalidArgument("pixel type ", pixels.type, ", must be 0 to ", int{SAFELIGHT_F32});
  }
  if (pixels.color_space < 0 || pixels.color_space > SAFELIGHT_YCBCR_FULL) {
    return InvalidArgument("colour space ", pixels.color_space, ", must be 0 to ", int{SAFELIGHT_YCBCR_FULL});
  }
  if (pixels.channels < 1 || pixels.channels > 4) {
    return InvalidArgument(pixels.channels, " channels, must be 1 to 4");
  }
  SL_ASSIGN(Image image,
            Image::Create(pixels.width, pixels.height, static_cast<int>(pixels.channels),
                          static_cast<PixelType>(pixels.type), static_cast<ColorSpace>(pixels.color_space)));
  const size_t row_bytes = image.view().row_bytes();
  const size_t stride_bytes = pixels.stride_bytes == 0 ? row_bytes : pixels.stride_bytes;
  if (stride_bytes < row_bytes) {
    return InvalidArgument("rows ", stride_bytes, " bytes apart, each has ", row_bytes);
  }
  if (pixels.data == nullptr) return image;
  const auto* from = static_cast<const std::byte*>(pixels.data);
  for (int64_t y = 0; y < image.height(); ++y) {
    std::memcpy(image.view().row(y), from + static_cast<size_t>(y) * stride_bytes, row_bytes);
  }
  return image;
}

safelight_pixels DescribePixels(safelight_image* image) {
  const ImageView view = image->image.view();
  safelight_pixels pixels{};
  pixels.data = view.data;
  pixels.width = view.width;
  pixels.height = view.height;
  pixels.channels = view.channels;
  pixels.type = static_cast<int64_t>(view.type);
  pixels.color_space = static_cast<int64_t>(view.color_space);
  pixels.stride_bytes = view.stride_bytes;
  return pixels;
}

// Zero means as usual; what is out of range is left to WriteImage.
void TakeQuality(int64_t given, int* quality) {
  constexpr int64_t kMost = 1 << 20;
  if (given != 0) *quality = static_cast<int>(std::clamp(given, -kMost, kMost));
}

Status WriteOne(const safelight_image* image, const char* path, const safelight_write_options* options) {
  SL_TRY(CheckPointer(image, "the picture"));
  SL_TRY(CheckPointer(path, "the path"));
  SL_ASSIGN(const safelight_write_options taken, TakeStruct(options, "the write options"));
  WriteOptions write;
  TakeQuality(taken.jpeg_quality, &write.jpeg_quality);
  TakeQuality(taken.webp_quality, &write.webp_quality);
  write.webp_lossless = taken.webp_lossless != 0;
  if (taken.no_metadata == 0) write.metadata = &image->image.metadata;
  return WriteImage(path, image->image, write);
}

Status TakeExtraInputs(const safelight_picture_options& given, PictureOptions* options) {
  if (given.extra_input_count > 0) SL_TRY(CheckPointer(given.extra_inputs, "the list of extra inputs"));
  for (size_t i = 0; i < given.extra_input_count; ++i) {
    const safelight_named_input& input = given.extra_inputs[i];
    SL_TRY(CheckPointer(input.name, "the name of an extra input"));
    SL_TRY(CheckPointer(input.data, input.name));
    if (input.dtype < 0 || input.dtype > SAFELIGHT_VARIANT) {
      return InvalidArgument("input '", input.name, "' is of type ", input.dtype, ", which there is not");
    }
    SL_ASSIGN(const Shape shape, ShapeFromC(input.shape));
    options->extra_inputs.push_back({input.name, {static_cast<DType>(input.dtype), shape, input.data}});
  }
  if (given.extra_picture_count > 0) SL_TRY(CheckPointer(given.extra_pictures, "the list of extra pictures"));
  for (size_t i = 0; i < given.extra_picture_count; ++i) {
    const safelight_named_picture& picture = given.extra_pictures[i];
    SL_TRY(CheckPointer(picture.name, "the name of an extra picture"));
    SL_TRY(CheckPointer(picture.image, picture.name));
    options->extra_pictures.push_back({picture.name, &picture.image->image});
  }
  return {};
}

Result<PictureOptions> PictureOptionsFromC(const safelight_picture_options* given) {
  SL_ASSIGN(const safelight_picture_options taken, TakeStruct(given, "the picture options"));
  PictureOptions options;
  if (taken.has_input_range != 0) options.input_range = ValueRange{taken.input_black, taken.input_white};
  if (taken.has_output_range != 0) options.output_range = ValueRange{taken.output_black, taken.output_white};
  if (taken.channels != nullptr) {
    SL_ASSIGN(options.channels, ParseChannelOrder(taken.channels));
  }
  if (taken.input != nullptr) options.input = taken.input;
  if (taken.output != nullptr) options.output = taken.output;
  options.tile = taken.tile;
  options.force_tiles = taken.force_tiles != 0;
  SL_TRY(TakeExtraInputs(taken, &options));
  SL_ASSIGN(options.session, SessionOptionsFromC(taken.session));
  return options;
}

Status RunPipeline(safelight_pipeline* pipeline, const safelight_image* image, const safelight_run_options* options,
                   safelight_image** result) {
  SL_TRY(CheckPointer(pipeline, "the pipeline"));
  SL_TRY(CheckPointer(image, "the picture"));
  SL_TRY(CheckPointer(result, "the place for the result"));
  SL_ASSIGN(const safelight_run_options taken, TakeStruct(options, "the run options"));
  SL_ASSIGN(Image made, pipeline->pipeline.Run(image->image, ProgressFromC(taken)));
  pipeline->notes = pipeline->pipeline.notes();
  *result = new safelight_image{std::move(made)};
  return {};
}

}  // namespace
}  // namespace safelight

using namespace safelight;

safelight_status safelight_image_read(const char* path, safelight_image** image) {
  return CCall([&]() -> Status {
    SL_TRY(CheckPointer(path, "the path"));
    SL_TRY(CheckPointer(image, "the place for the picture"));
    SL_ASSIGN(Image read, ReadImage(path));
    *image = new safelight_image{std::move(read)};
    return {};
  });
}

safelight_status safelight_image_create(const safelight_pixels* pixels, safelight_image** image) {
  return CCall([&]() -> Status {
    SL_TRY(CheckPointer(pixels, "the pixels"));
    SL_TRY(CheckPointer(image, "the place for the picture"));
    SL_ASSIGN(const safelight_pixels taken, TakeStruct(pixels, "the pixels"));
    SL_ASSIGN(Image created, CopyPixels(taken));
    *image = new safelight_image{std::move(created)};
    return {};
  });
}

safelight_status safelight_image_pixels(safelight_image* image, safelight_pixels* pixels) {
  return CCall([&]() -> Status {
    SL_TRY(CheckPointer(image, "the picture"));
    return GiveStruct(DescribePixels(image), pixels, "the pixels to fill");
  });
}

void safelight_image_free(safelight_image* image) { delete image; }

safelight_status safelight_image_write(const safelight_image* image, const char* path,
                                       const safelight_write_options* options) {
  return CCall([&] { return WriteOne(image, path, options); });
}

safelight_status safelight_pipeline_create(const safelight_model* model, const safelight_picture_options* options,
                                           safelight_pipeline** pipeline) {
  return CCall([&]() -> Status {
    SL_TRY(CheckPointer(model, "the model"));
    SL_TRY(CheckPointer(pipeline, "the place for the pipeline"));
    SL_ASSIGN(const PictureOptions taken, PictureOptionsFromC(options));
    SL_ASSIGN(PicturePipeline created, PicturePipeline::Create(model->model, taken));
    std::vector<std::string> notes = created.notes();
    *pipeline = new safelight_pipeline{std::move(created), std::move(notes)};
    return {};
  });
}

void safelight_pipeline_free(safelight_pipeline* pipeline) { delete pipeline; }

safelight_status safelight_pipeline_run(safelight_pipeline* pipeline, const safelight_image* image,
                                        const safelight_run_options* options, safelight_image** result) {
  return CCall([&] { return RunPipeline(pipeline, image, options, result); });
}

const char* safelight_pipeline_note(const safelight_pipeline* pipeline, size_t index) {
  if (pipeline == nullptr || index >= pipeline->notes.size()) return nullptr;
  return pipeline->notes[index].c_str();
}

safelight_status safelight_pipeline_report(const safelight_pipeline* pipeline, safelight_picture_report* report) {
  return CCall([&]() -> Status {
    SL_TRY(CheckPointer(pipeline, "the pipeline"));
    const PictureReport& last = pipeline->pipeline.report();
    safelight_picture_report filled{};
    filled.compile_seconds = last.compile_seconds;
    filled.run_seconds = last.run_seconds;
    filled.session_bytes = last.session_bytes;
    filled.buffer_bytes = last.buffer_bytes;
    filled.tiles = last.tiles;
    return GiveStruct(filled, report, "the report to fill");
  });
}
