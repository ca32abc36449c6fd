// SPDX-License-Identifier: Apache-2.0
//
// The nodes of a network turned to integers, one after another, once all scales are known.
#pragma once

#include <vector>

#include "base/status.h"
#include "quantize/calibration.h"
#include "quantize/file_network.h"
#include "quantize/scale_plan.h"

namespace safelight {

struct RewriteTask {
  const std::vector<bool>& integer;       // by node
  const std::vector<bool>& gone;          // by node: taken away
  const std::vector<ScaleChoice> scales;  // by tensor; see PlanScales
  bool int16 = false;
  const QuantizeOptions& options;
  const Calibration& calibration;
};

// For each node of the result the node that it was; -1 for new ones.
Result<std::vector<int>> RewriteIntegers(const RewriteTask& task, FileNetwork* network);

}  // namespace safelight
