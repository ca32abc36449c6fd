// SPDX-License-Identifier: Apache-2.0
#include "engine/receptive.h"

#include <algorithm>
#include <numeric>
#include <vector>

#include "graph/op_def.h"

namespace safelight {
namespace {

// Needs of every value when output pixel `at` alone is made; nullopt with a reason when a node needs all.
struct Walk {
  const Graph& graph;
  const AxisPlan& axes;
  bool columns;
  std::string why_not;

  int AxisOf(ValueId id) const { return columns ? axes.values[id].col : axes.values[id].row; }

  std::optional<Range> NeedOfInput(int64_t at) {
    std::vector<Range> need(graph.values.size());
    need[graph.outputs[0]] = {at, at + 1};
    for (size_t n = graph.nodes.size(); n-- > 0;) {
      const Node& node = graph.nodes[n];
      Range made;
      for (ValueId output : node.outputs) made = Hull(made, need[output]);
      if (made.empty()) continue;
      for (size_t i = 0; i < node.inputs.size(); ++i) {
        const ValueId input = node.inputs[i];
        if (input == kNone || graph.values[input].is_constant()) continue;
        const EdgeRules& edge = axes.edges[n][i];
        if (!(columns ? edge.by_cols : edge.by_rows)) {
          // A graph input without rows of its own (a strength, a style vector) is the same for every tile.
          if (graph.values[input].producer == kNone && input != graph.inputs[0]) continue;
          why_not = NodeLabel(graph, node) + " needs all " + (columns ? "columns" : "rows") + " of '" +
                    graph.values[input].name + "'";
          return std::nullopt;
        }
        need[input] = Hull(need[input], (columns ? edge.col : edge.row).Need(made));
      }
    }
    return need[graph.inputs[0]];
  }
};

}  // namespace

ReachResult FindReach(const Graph& graph, const AxisPlan& axes, bool columns) {
  Walk walk{graph, axes, columns, {}};
  if (graph.inputs.empty() || graph.outputs.empty()) return {std::nullopt, "the network has no input or no output"};
  const ValueId in = graph.inputs[0], out = graph.outputs[0];
  const int in_axis = walk.AxisOf(in), out_axis = walk.AxisOf(out);
  const char* const what = columns ? "columns" : "rows";
  if (in_axis == kNone || out_axis == kNone) return {std::nullopt, Cat("the output has no ", what, " of its own")};
  const int64_t in_size = graph.values[in].shape[in_axis], out_size = graph.values[out].shape[out_axis];
  if (in_size == 0 || out_size == 0) return {std::nullopt, "the picture is empty"};
  const int64_t common = std::gcd(in_size, out_size);
  Reach reach;
  reach.in_period = in_size / common;
  reach.out_period = out_size / common;
  // Strides and phases show within a stretch of the middle; 64 covers every total stride in use.
  const int64_t stretch = std::min<int64_t>(out_size, std::max<int64_t>(64, 2 * reach.out_period));
  for (int64_t at = (out_size - stretch) / 2; at < (out_size + stretch) / 2; ++at) {
    const std::optional<Range> need = walk.NeedOfInput(at);
    if (!need.has_value()) return {std::nullopt, walk.why_not};
    if (need->empty()) continue;
    if (need->begin <= 0 || need->end >= in_size) {
      return {std::nullopt,
              Cat("output ", what, " in the middle depend on the border of the ", in_size, " input ", what)};
    }
    const int64_t from = at * in_size / out_size;
    reach.before = std::max(reach.before, from - need->begin);
    reach.after = std::max(reach.after, need->end - 1 - from);
  }
  return {reach, {}};
}

}  // namespace safelight
