// SPDX-License-Identifier: Apache-2.0
//
// The search for a type for each layer, on pictures; see safelight/mixed_precision.h.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/status.h"
#include "imaging/recipe.h"
#include "quantize/quantizer.h"

namespace safelight {

// What of `options` is out of range; names the option.
Status CheckMixed(const MixedOptions& options);

struct MixedTask {
  const Quantizer& quantizer;
  const QuantizeOptions& options;
  const PictureOptions& picture;
  const Recipe& recipe;
  const std::vector<std::string>& pictures;
  FinishTask finish;  // but for forms and halves
  // Of pictures that went through a network; `done` counts from `begun`.
  size_t begun = 0;
  std::function<bool(size_t done, size_t of)> progress = {};
};
Result<QuantizedModel> QuantizeMixed(const MixedTask& task);

}  // namespace safelight
