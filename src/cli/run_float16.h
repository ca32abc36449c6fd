// SPDX-License-Identifier: Apache-2.0
//
// Which values of a network stay float32 where the others are stored as float16: those that calibration pictures show
// to suffer.
#pragma once

#include <string>
#include <vector>

#include "safelight/model.h"
#include "safelight/picture.h"
#include "safelight/status.h"

namespace safelight {

// Runs the pictures, and adds to `options` the values that became infinite or lost more than rounding does; each is
// named on standard output. Nothing without pictures; an error where the precision is not float16.
Status CalibrateFloat16(const Model& model, const std::vector<std::string>& pictures, PictureOptions* options);

}  // namespace safelight
