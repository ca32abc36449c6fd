// SPDX-License-Identifier: Apache-2.0
//
// What the TFLITE_METADATA buffer says of a model's inputs and outputs.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "formats/tflite/container.h"
#include "safelight/model.h"

namespace safelight {

struct TfliteMetadata {
  std::vector<PortMetadata> inputs, outputs;
};

// At most `inputs` and `outputs` of them. Empty where the buffer is not metadata, or takes more than
// `budget`: a broken description does not make a model unusable.
TfliteMetadata ReadTfliteMetadata(std::span<const std::byte> buffer, size_t inputs, size_t outputs, ReadBudget* budget);

}  // namespace safelight
