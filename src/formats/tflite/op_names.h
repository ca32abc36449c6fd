// SPDX-License-Identifier: Apache-2.0
//
// Names of all ops that the .tflite format defines, also of those that safelight does not run, so that an
// error can name them.
#pragma once

namespace safelight {

// "CONV_2D" for 3; "unknown op" for numbers that the format does not define.
const char* BuiltinOpName(int code);

}  // namespace safelight
