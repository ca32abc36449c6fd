// SPDX-License-Identifier: Apache-2.0
//
// "WIDTHxHEIGHT" as the shapes of a network's inputs.
#pragma once

#include <string>
#include <vector>

#include "base/status.h"
#include "safelight/model.h"

namespace safelight {

struct Size {
  long long width = 0, height = 0;
};

Result<Size> ParseSize(const std::string& text);

// One shape an input: those of the first one's size become the new size. Empty for an empty text: the file's own.
Result<std::vector<Shape>> ShapesFor(const Model& model, const std::string& text);

}  // namespace safelight
