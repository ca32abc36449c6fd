// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "graph/op_def.h"
#include "graph/passes/passes.h"

namespace safelight {

Status RemoveDeadNodes(Graph& graph) {
  std::vector<bool> read(graph.values.size(), false);
  for (ValueId output : graph.outputs) read[output] = true;
  std::vector<Node> alive;
  for (auto node = graph.nodes.rbegin(); node != graph.nodes.rend(); ++node) {
    const bool needed = std::any_of(node->outputs.begin(), node->outputs.end(), [&](ValueId output) {
      return read[output] && !graph.values[output].is_constant();
    });
    if (!needed) continue;
    for (ValueId input : node->inputs) {
      if (input != kNone) read[input] = true;
    }
    alive.push_back(std::move(*node));
  }
  std::reverse(alive.begin(), alive.end());
  graph.nodes = std::move(alive);
  graph.LinkProducers();
  return {};
}

}  // namespace safelight
