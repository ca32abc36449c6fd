// SPDX-License-Identifier: Apache-2.0
#include "engine/parts.h"

#include "graph/op_def.h"

namespace safelight {
namespace {

// The rows and columns of both must be the same ones, in the same slots.
bool FitsInto(const ValueAxes& part, const ValueAxes& host, const EdgeRules& edge, int axis) {
  if (part.row != host.row || part.col != host.col || axis == host.row || axis == host.col) return false;
  return edge.row.is_same() && (host.col == kNone || (edge.by_cols && edge.col.is_same()));
}

}  // namespace

std::vector<RingPart> FindParts(const Graph& graph, const AxisPlan& axes, const PhasePlan& phases) {
  std::vector<RingPart> parts(graph.values.size());
  const std::vector<std::vector<Use>> uses = FindUses(graph);
  for (size_t id = 0; id < graph.nodes.size(); ++id) {
    const Node& node = graph.nodes[id];
    if (node.op->joined_axis == nullptr || phases.value_whole[node.outputs[0]]) continue;
    const int axis = node.op->joined_axis(OpContext(graph, node));
    const ValueId host = node.outputs[0];
    if (axis == kNone) continue;
    int64_t begin = 0;
    for (size_t i = 0; i < node.inputs.size(); ++i) {
      const ValueId input = node.inputs[i];
      const Value& value = graph.values[input];
      const bool alone = value.producer != kNone && !phases.value_whole[input] && uses[input].size() == 1 &&
                         graph.nodes[value.producer].outputs.size() == 1 &&
                         // No window on a window on a window.
                         graph.nodes[value.producer].op->joined_axis == nullptr;
      if (alone && FitsInto(axes.values[input], axes.values[host], axes.edges[id][i], axis)) {
        parts[input] = {host, axis, begin};
      }
      begin += value.shape[axis];
    }
  }
  return parts;
}

}  // namespace safelight
