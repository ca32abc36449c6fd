// SPDX-License-Identifier: Apache-2.0
#include "engine/axes.h"

#include <algorithm>
#include <utility>

#include "graph/op_def.h"

namespace safelight {
namespace {

// Rules hold one range per index at worst; a longer axis is made whole.
constexpr int64_t kMaxSplitDim = int64_t{1} << 20;

// The rules of `node` for one axis of its outputs; empty when it cannot be split there.
std::vector<AxisRule> Rules(const Graph& graph, const Node& node, int axis) {
  if (node.op->axes == nullptr || node.op->prepare == nullptr) return {};
  const Shape& shape = graph.values[node.outputs[0]].shape;
  if (axis < 0 || axis >= shape.rank() || shape[axis] > kMaxSplitDim) return {};
  for (ValueId output : node.outputs) {
    const Shape& other = graph.values[output].shape;
    if (axis >= other.rank() || other[axis] != shape[axis]) return {};
  }
  std::vector<AxisRule> rules = node.op->axes(OpContext(graph, node), axis);
  if (rules.size() != node.inputs.size()) rules.clear();
  return rules;
}

bool Flows(const Graph& graph, ValueId input) { return input != kNone && !graph.values[input].is_constant(); }

// Bytes of the inputs that would stream if the output were split along an axis with `rules`.
int64_t StreamedBytes(const Graph& graph, const Node& node, const std::vector<AxisRule>& rules,
                      const std::vector<ValueAxes>& axes, bool columns) {
  int64_t bytes = 0;
  for (size_t i = 0; i < node.inputs.size(); ++i) {
    if (!Flows(graph, node.inputs[i])) continue;
    const ValueAxes& in = axes[node.inputs[i]];
    const int wanted = columns ? in.col : in.row;
    const Value& value = graph.values[node.inputs[i]];
    // A broadcast of a single row needs no ring, so it says nothing about the axis.
    if (wanted != kNone && rules[i].in_axis() == wanted && value.shape[wanted] > 1) {
      bytes += TensorBytes(value.dtype, value.shape);
    }
  }
  return bytes;
}

class Assigner {
 public:
  Assigner(const Graph& graph, std::pair<int, int> input_axes_rank4, std::pair<int, int> input_axes_rank3)
      : graph_(graph), rank4_(input_axes_rank4), rank3_(input_axes_rank3) {
    plan_.values.resize(graph.values.size());
    plan_.edges.resize(graph.nodes.size());
  }

  AxisPlan Run() {
    for (ValueId input : graph_.inputs) {
      const int rank = graph_.values[input].shape.rank();
      if (rank == 4) plan_.values[input] = {rank4_.first, rank4_.second};
      if (rank == 3) plan_.values[input] = {rank3_.first, rank3_.second};
      if (rank == 2 || rank == 5) plan_.values[input] = {rank - 2, rank - 1};
    }
    for (size_t id = 0; id < graph_.nodes.size(); ++id) AssignNode(static_cast<NodeId>(id));
    return std::move(plan_);
  }

 private:
  void AssignNode(NodeId id) {
    const Node& node = graph_.nodes[id];
    const Shape& shape = graph_.values[node.outputs[0]].shape;
    ValueAxes out;
    out.row = Choose(node, shape, /*columns=*/false, kNone);
    if (out.row != kNone) out.col = Choose(node, shape, /*columns=*/true, out.row);
    std::vector<AxisRule> rows = Rules(graph_, node, out.row), cols = Rules(graph_, node, out.col);
    if (ClashesOnAnAxis(rows, cols)) {
      out.col = kNone;
      cols.clear();
    }
    for (ValueId output : node.outputs) plan_.values[output] = out;
    std::vector<EdgeRules>& edges = plan_.edges[id];
    edges.resize(node.inputs.size());
    for (size_t i = 0; i < node.inputs.size(); ++i) {
      EdgeRules& edge = edges[i];
      if (out.row != kNone) edge.row = rows[i];
      if (out.col != kNone) edge.col = cols[i];
      if (!Flows(graph_, node.inputs[i])) continue;
      const ValueAxes& in = plan_.values[node.inputs[i]];
      edge.by_rows = in.row != kNone && edge.row.in_axis() == in.row;
      edge.by_cols = edge.by_rows && in.col != kNone && edge.col.in_axis() == in.col;
    }
  }

  // The axis that lets most of the inputs stream; where no input has rows of its own (an enlarged
  // single pixel, a broadcast constant) the field's usual ones.
  int Choose(const Node& node, const Shape& shape, bool columns, int taken) {
    int best = kNone;
    int64_t best_bytes = 0;
    for (int axis = 0; axis < shape.rank(); ++axis) {
      if (axis == taken || shape[axis] <= 1) continue;
      const std::vector<AxisRule> rules = Rules(graph_, node, axis);
      if (rules.empty()) continue;
      const int64_t bytes = StreamedBytes(graph_, node, rules, plan_.values, columns);
      if (bytes > best_bytes) {
        best_bytes = bytes;
        best = axis;
      }
    }
    if (best != kNone || shape.rank() != 4) return best;
    const int usual = columns ? rank4_.second : rank4_.first;
    if (usual == taken || shape[usual] <= 1 || Rules(graph_, node, usual).empty()) return kNone;
    return usual;
  }

  static bool ClashesOnAnAxis(const std::vector<AxisRule>& rows, const std::vector<AxisRule>& cols) {
    for (size_t i = 0; i < rows.size() && i < cols.size(); ++i) {
      if (!rows[i].needs_all() && rows[i].in_axis() == cols[i].in_axis()) return true;
    }
    return false;
  }

  const Graph& graph_;
  const std::pair<int, int> rank4_, rank3_;
  AxisPlan plan_;
};

// Bytes of all values that some consumer needs whole, or that are made whole.
int64_t WholeBytes(const Graph& graph, const AxisPlan& plan) {
  int64_t bytes = 0;
  for (size_t id = 0; id < graph.nodes.size(); ++id) {
    const Node& node = graph.nodes[id];
    for (size_t i = 0; i < node.inputs.size(); ++i) {
      if (!Flows(graph, node.inputs[i]) || plan.edges[id][i].by_rows) continue;
      const Value& value = graph.values[node.inputs[i]];
      bytes += TensorBytes(value.dtype, value.shape);
    }
  }
  return bytes;
}

}  // namespace

AxisPlan AssignAxes(const Graph& graph) {
  AxisPlan best;
  int64_t best_bytes = -1;
  for (std::pair<int, int> rank4 : {std::pair(1, 2), std::pair(2, 3)}) {
    AxisPlan plan = Assigner(graph, rank4, {rank4.first - 1, rank4.second - 1}).Run();
    const int64_t bytes = WholeBytes(graph, plan);
    if (best_bytes < 0 || bytes < best_bytes) {
      best_bytes = bytes;
      best = std::move(plan);
    }
  }
  return best;
}

}  // namespace safelight
