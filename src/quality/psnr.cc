// SPDX-License-Identifier: Apache-2.0
//
// One pass over both pictures, rows as floats, sums in double.
#include "quality/psnr.h"

#include <cmath>
#include <limits>
#include <vector>

#include "base/status.h"
#include "image/rows.h"

namespace safelight {
namespace {

// The row of the picture that is compared: its luma, or its colours without alpha.
Status ComparedRow(const ConstImageView& row, PsnrChannel channel, std::vector<float>* values) {
  if (channel != PsnrChannel::kRgb) {
    const bool studio = channel == PsnrChannel::kYStudio;
    SL_ASSIGN(const Image luma, Luma(row, studio ? ColorSpace::kYcbcrStudio : ColorSpace::kYcbcrFull, PixelType::kF32));
    values->assign(luma.row<float>(0), luma.row<float>(0) + luma.width());
    return {};
  }
  const auto channels = static_cast<size_t>(row.channels);
  const auto colors = static_cast<size_t>(row.color_channels());
  std::vector<float> pixels(static_cast<size_t>(row.width) * channels);
  RowToFloat(row.data, row.type, pixels.size(), 1.0f, pixels.data());
  values->clear();
  for (size_t i = 0; i < pixels.size(); ++i) {
    if (i % channels < colors) values->push_back(pixels[i]);
  }
  return {};
}

}  // namespace

Result<double> Psnr(const ConstImageView& reference, const ConstImageView& test, const PsnrOptions& options) {
  SL_TRY(CheckView(reference));
  SL_TRY(CheckView(test));
  if (reference.width != test.width || reference.height != test.height) {
    return InvalidArgument("PSNR of ", reference.width, "x", reference.height, " and ", test.width, "x", test.height);
  }
  if (options.channel == PsnrChannel::kRgb && reference.color_channels() != test.color_channels()) {
    return InvalidArgument("PSNR of ", reference.color_channels(), " and ", test.color_channels(), " colour channels");
  }
  const int64_t width = reference.width - 2 * options.crop, height = reference.height - 2 * options.crop;
  if (options.crop < 0 || width < 1 || height < 1) {
    return InvalidArgument("a crop of ", options.crop, " on each side of ", reference.width, "x", reference.height);
  }
  std::vector<float> a, b;
  double sum = 0;
  double count = 0;
  for (int64_t y = 0; y < height; ++y) {
    SL_TRY(ComparedRow(reference.Crop(options.crop, options.crop + y, width, 1), options.channel, &a));
    SL_TRY(ComparedRow(test.Crop(options.crop, options.crop + y, width, 1), options.channel, &b));
    for (size_t i = 0; i < a.size(); ++i) {
      const double difference = static_cast<double>(a[i]) - static_cast<double>(b[i]);
      sum += difference * difference;
    }
    count += static_cast<double>(a.size());
  }
  if (sum == 0) return std::numeric_limits<double>::infinity();
  return -10 * std::log10(sum / count);
}

}  // namespace safelight
