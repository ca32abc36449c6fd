// SPDX-License-Identifier: Apache-2.0
//
// Which scale each value of a network gets in one integer form: values that TFLite wants alike share one, chosen for
// all that was seen of them together.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "quantize/file_network.h"
#include "quantize/integer_ops.h"
#include "quantize/value_stats.h"

namespace safelight {

// The operands of a node that hold values: all of float32, of a layer the data alone. Positions.
std::vector<int> ValueInputs(const FileNetwork& network, int n);

struct ScaleTask {
  const FileNetwork& network;
  const std::vector<NodeForm>& forms;  // by node
  NodeForm form;                       // that scales are wanted of: nodes of other forms are none of its business
  const QuantizeOptions& options;
  std::function<const ValueStats*(int tensor)> stats;  // null where nothing was seen
  // What is known beforehand, by tensor: ranges that are used whole (pictures), and limits that nothing exceeds.
  std::map<int, SeenRange> whole, limits;
  // Tensors that must have one scale besides those that TFLite wants alike: a state that goes out and comes in again.
  std::vector<std::pair<int, int>> alike;
};

// By tensor; scale 0 where a value has none.
std::vector<ScaleChoice> PlanScales(const ScaleTask& task);

}  // namespace safelight
