// SPDX-License-Identifier: Apache-2.0
//
// The delegate-neutral folding and dead-code passes, as the engine's first.
#include "engine/passes/passes.h"
#include "graph/passes/passes.h"

namespace safelight {

Status FoldConstantNodes(Graph& graph, std::vector<std::string>* notes) {
  const size_t before = graph.nodes.size();
  SL_TRY(FoldConstants(graph));
  SL_TRY(RemoveDeadNodes(graph));
  if (graph.nodes.size() != before) {
    notes->push_back(Cat(before - graph.nodes.size(), " constant or unread nodes removed"));
  }
  return {};
}

}  // namespace safelight
