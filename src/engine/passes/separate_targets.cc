// SPDX-License-Identifier: Apache-2.0
#include "engine/passes/passes.h"
#include "engine/phases.h"

namespace safelight {

Status SeparateTargetValues(Graph& graph, std::vector<std::string>* notes) {
  const size_t before = graph.nodes.size();
  SL_TRY(SeparateTargets(graph));
  if (graph.nodes.size() != before) {
    notes->push_back(Cat(graph.nodes.size() - before, " values copied: read by rows and kept whole at once"));
  }
  return {};
}

}  // namespace safelight
