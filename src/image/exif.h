// SPDX-License-Identifier: Apache-2.0
//
// The one EXIF tag that changes pixels: orientation, and the turning that it asks for.
//
// EXIF bytes come from files and may be anything; whatever cannot be followed reads as "upright".
#pragma once

#include <cstddef>
#include <span>

#include "safelight/image.h"
#include "safelight/status.h"

namespace safelight {

// 1 to 8; 1 (upright) when the tag is absent or broken.
int ExifOrientation(std::span<const std::byte> exif);
// Sets the tag to 1 where it is present.
void ResetExifOrientation(std::span<std::byte> exif);

// The picture as it is meant to be seen. Orientation 1 returns the same memory.
Result<Image> ApplyOrientation(Image image, int orientation);

}  // namespace safelight
