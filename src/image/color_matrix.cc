// SPDX-License-Identifier: Apache-2.0
#include "image/color_matrix.h"

namespace safelight {
namespace {

constexpr ColorMatrix kStudio = {{{{65.481 / 255, 128.553 / 255, 24.966 / 255},
                                   {-37.797 / 255, -74.203 / 255, 112.0 / 255},
                                   {112.0 / 255, -93.786 / 255, -18.214 / 255}}},
                                 {16.0 / 255, 128.0 / 255, 128.0 / 255}};
constexpr double kRed = kRedWeight, kGreen = kGreenWeight, kBlue = kBlueWeight;
constexpr ColorMatrix kFull = {{{{kRed, kGreen, kBlue},
                                 {-kRed / 2 / (1 - kBlue), -kGreen / 2 / (1 - kBlue), 0.5},
                                 {0.5, -kGreen / 2 / (1 - kRed), -kBlue / 2 / (1 - kRed)}}},
                               {0.0, 128.0 / 255, 128.0 / 255}};

}  // namespace

const ColorMatrix& YcbcrMatrix(ColorSpace range) { return range == ColorSpace::kYcbcrStudio ? kStudio : kFull; }

// Rows of the inverse are cross products of columns over the determinant.
ColorMatrix Inverse(const ColorMatrix& a) {
  const auto minor = [&](int r0, int c0, int r1, int c1) {
    return a.m[r0][c0] * a.m[r1][c1] - a.m[r0][c1] * a.m[r1][c0];
  };
  ColorMatrix inverse{};
  double determinant = 0;
  for (int i = 0; i < 3; ++i) {
    for (int j = 0; j < 3; ++j) {
      inverse.m[j][i] = minor((i + 1) % 3, (j + 1) % 3, (i + 2) % 3, (j + 2) % 3);
    }
    determinant += a.m[0][i] * minor(1, (i + 1) % 3, 2, (i + 2) % 3);
  }
  for (int i = 0; i < 3; ++i) {
    for (int j = 0; j < 3; ++j) {
      inverse.m[i][j] /= determinant;
      inverse.offset[i] -= inverse.m[i][j] * a.offset[j];
    }
  }
  return inverse;
}

}  // namespace safelight
