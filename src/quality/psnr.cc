// SPDX-License-Identifier: Apache-2.0
#include "quality/psnr.h"

#include <cmath>
#include <limits>

#include "base/status.h"
#include "image/rows.h"
#include "quality/error.h"

namespace safelight {

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
  const ComparedSamples samples = options.channel == PsnrChannel::kYStudio ? ComparedSamples::kYStudio
                                  : options.channel == PsnrChannel::kYFull ? ComparedSamples::kYFull
                                                                           : ComparedSamples::kColors;
  const MeanErrors errors =
      MeasureErrors(reference.Crop(options.crop, options.crop, width, height),
                    test.Crop(options.crop, options.crop, width, height), samples, nullptr, nullptr);
  if (errors.squared == 0) return std::numeric_limits<double>::infinity();
  return 10 * std::log10(255.0 * 255.0 / errors.squared);
}

}  // namespace safelight
