// SPDX-License-Identifier: Apache-2.0
//
// IEEE binary16 to and from float, bit by bit; conversions round to nearest even.
#pragma once

#include <cstdint>

namespace safelight {

float HalfToFloat(uint16_t half);
uint16_t FloatToHalf(float value);

}  // namespace safelight
