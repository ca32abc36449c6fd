// SPDX-License-Identifier: Apache-2.0
//
// Everything that a TFLite host shows of a network, as text: a line for each node.
#pragma once

#include <string>

#include "tflite_abi/abi.h"

namespace safelight::host {

// Writes what `context` shows into `file`. A line: op, version, its options as bytes, then its inputs and outputs.
Code DumpNetwork(Context* context, const std::string& file);

}  // namespace safelight::host
