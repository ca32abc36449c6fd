// SPDX-License-Identifier: Apache-2.0
//
// One row of any pixel type as floats and back: the form in which pictures are computed with.
//
// `white` is the float that stands for the type's largest number: 1 gives 0..1, PixelTypeMax(type)
// keeps the numbers as they are. Float rows are scaled by `white` too.
#pragma once

#include <cstddef>

#include "safelight/image.h"

namespace safelight {

// `count` values (pixels times channels).
void RowToFloat(const std::byte* row, PixelType type, size_t count, float white, float* target);
// Rounded to nearest and clipped for integers.
void FloatToRow(const float* source, PixelType type, size_t count, float white, std::byte* row);

// InvalidArgument unless the view describes a picture: a type, 1 to 4 channels, sides above 0, memory.
Status CheckView(const ConstImageView& view);

}  // namespace safelight
