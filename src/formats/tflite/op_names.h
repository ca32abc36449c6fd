// SPDX-License-Identifier: Apache-2.0
//
// Names of all ops that the .tflite format defines, also of those that safelight does not run, so that an
// error can name them.
#pragma once

#include <string>

namespace safelight {

// "CONV_2D" for 3; "unknown op 999" for numbers that the format does not define.
std::string BuiltinOpName(int code);

}  // namespace safelight
