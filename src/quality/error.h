// SPDX-License-Identifier: Apache-2.0
//
// Mean errors between two pictures, and what follows from them.
#pragma once

#include "base/thread_pool.h"
#include "safelight/image.h"
#include "safelight/quality.h"

namespace safelight {

struct Metric;

enum class ComparedSamples : uint8_t {
  kColors,          // all colour channels (one, for gray pictures)
  kYStudio,         // BT.601 luma in 16..235, not rounded
  kYStudioRounded,  // the same, rounded to whole numbers, as MATLAB's rgb2ycbcr of 8-bit pictures
  kYFull,           // BT.601 luma in 0..255
};

// Of samples in 0..255, whatever the pictures' types; exact for 8-bit colours.
struct MeanErrors {
  double squared = 0;
  double absolute = 0;
};

// Pictures of the same size, and the same colour channels under kColors; types may differ, alpha is left out. `pool`
// may be null. `map`, where not null, gets the root of the mean square of each pixel's samples.
MeanErrors MeasureErrors(const ConstImageView& reference, const ConstImageView& test, ComparedSamples samples,
                         ThreadPool* pool, DamageMap* map);

// A PSNR metric of these samples, in the conventions of the profiles.
Metric PsnrMetric(const char* name, const char* title, const char* channel, ComparedSamples samples);

}  // namespace safelight
