// SPDX-License-Identifier: Apache-2.0
//
// The matrices between RGB and YCbCr of BT.601, and the weights of gray.
#pragma once

#include <array>

#include "safelight/image.h"

namespace safelight {

// A matrix and an offset on three channels in 0..1.
struct ColorMatrix {
  std::array<std::array<double, 3>, 3> m;
  std::array<double, 3> offset;
};

inline constexpr double kRedWeight = 0.299, kGreenWeight = 0.587, kBlueWeight = 0.114;

// RGB to YCbCr of kYcbcrStudio or kYcbcrFull.
const ColorMatrix& YcbcrMatrix(ColorSpace range);
ColorMatrix Inverse(const ColorMatrix& matrix);

}  // namespace safelight
