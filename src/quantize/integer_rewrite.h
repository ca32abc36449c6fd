// SPDX-License-Identifier: Apache-2.0
//
// The nodes of a network turned to integers, one after another, once all scales are known. A value has the form of the
// node that makes it; readers of another form get it through QUANTIZE or DEQUANTIZE, once for all of them.
#pragma once

#include <vector>

#include "base/status.h"
#include "quantize/calibration.h"
#include "quantize/file_network.h"
#include "quantize/moments.h"
#include "quantize/scale_plan.h"

namespace safelight {

struct RewriteTask {
  const std::vector<NodeForm>& forms;                                  // by node
  const std::vector<bool>& gone;                                       // by node: taken away
  const std::vector<ScaleChoice> int8_scales = {}, int16_scales = {};  // by tensor; see PlanScales
  const QuantizeOptions& options;
  const Calibration& calibration;
  const Moments* moments = nullptr;  // null: weights are rounded to the nearest
};

// For each node of the result the node that it was; -1 for new ones.
Result<std::vector<int>> RewriteIntegers(const RewriteTask& task, FileNetwork* network);

}  // namespace safelight
