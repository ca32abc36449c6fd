// SPDX-License-Identifier: Apache-2.0
//
// Peak signal-to-noise ratio, in dB, as papers on super-resolution and denoising state it.
#pragma once

#include <cstdint>

#include "safelight/image.h"
#include "safelight/status.h"

namespace safelight {

enum class PsnrChannel : uint8_t {
  kRgb,      // the mean square over all colour channels (one, for gray pictures)
  kYStudio,  // BT.601 luma in 16..235, not rounded; peak 255
  kYFull,    // BT.601 luma in 0..255
};

struct PsnrOptions {
  PsnrChannel channel = PsnrChannel::kRgb;
  int64_t crop = 0;  // pixels left out on each side
};

// Infinity for equal pictures. Types may differ: both are taken as 0..1. Alpha is left out. Errors:
// kInvalidArgument for different sizes, for gray against colour under kRgb, or when the crop leaves nothing.
Result<double> Psnr(const ConstImageView& reference, const ConstImageView& test, const PsnrOptions& options = {});

}  // namespace safelight
