// SPDX-License-Identifier: Apache-2.0
//
// A FileTree as the bytes of a .tflite file.
#pragma once

#include <cstddef>
#include <vector>

#include "base/status.h"
#include "formats/tflite/file_tree.h"

namespace safelight {

// Indices are written as they stand. kResourceLimit when the file would not stay below 2 GB.
Result<std::vector<std::byte>> WriteTflite(const FileTree& tree);

}  // namespace safelight
