// SPDX-License-Identifier: Apache-2.0
#include "graph/join.h"

#include <vector>

#include "graph/op_def.h"

namespace safelight {
namespace {

class Follower {
 public:
  Follower(const Graph& graph, NodeId id, int axis)
      : graph_(graph), first_(id), descended_(graph.values.size(), false), axis_of_(graph.values.size(), kNone) {
    const ValueId start = graph.nodes[id].outputs[0];
    size_ = graph.values[start].shape[axis];
    descended_[start] = true;
    axis_of_[start] = axis;
  }

  std::optional<AxisOfValue> Run() {
    for (size_t n = static_cast<size_t>(first_) + 1; n < graph_.nodes.size(); ++n) {
      const Node& node = graph_.nodes[n];
      bool descends = false;
      for (ValueId input : node.inputs) descends = descends || (input != kNone && descended_[input]);
      if (!descends) continue;
      for (ValueId output : node.outputs) descended_[output] = true;
      if (const std::optional<AxisOfValue> join = Visit(node)) return join;
    }
    return std::nullopt;
  }

 private:
  // Carries the axis through `node`; the join when this node is one.
  std::optional<AxisOfValue> Visit(const Node& node) {
    bool on_the_way = false;
    for (ValueId input : node.inputs) on_the_way = on_the_way || (input != kNone && axis_of_[input] != kNone);
    if (!on_the_way || node.op->axes == nullptr) return std::nullopt;
    const Shape& shape = graph_.values[node.outputs[0]].shape;
    for (int axis = 0; axis < shape.rank(); ++axis) {
      if (shape[axis] <= 1) continue;
      const std::vector<AxisRule> rules = node.op->axes(OpContext(graph_, node), axis);
      if (rules.size() != node.inputs.size() || !Carries(node, rules)) continue;
      for (ValueId output : node.outputs) axis_of_[output] = axis;
      if (shape[axis] == size_) {
        if (const std::optional<AxisOfValue> join = Partner(node, rules)) return join;
      }
      break;
    }
    return std::nullopt;
  }

  bool Carries(const Node& node, const std::vector<AxisRule>& rules) const {
    for (size_t i = 0; i < rules.size(); ++i) {
      const ValueId input = node.inputs[i];
      if (input != kNone && axis_of_[input] != kNone && rules[i].in_axis() == axis_of_[input] &&
          graph_.values[input].shape[axis_of_[input]] > 1) {
        return true;
      }
    }
    return false;
  }

  std::optional<AxisOfValue> Partner(const Node& node, const std::vector<AxisRule>& rules) const {
    for (size_t i = 0; i < rules.size(); ++i) {
      const ValueId input = node.inputs[i];
      if (input == kNone || descended_[input] || !rules[i].is_same()) continue;
      const Value& value = graph_.values[input];
      if (!value.is_constant() && value.shape[rules[i].in_axis()] == size_)
        return AxisOfValue{input, rules[i].in_axis()};
    }
    return std::nullopt;
  }

  const Graph& graph_;
  const NodeId first_;
  int64_t size_ = 0;
  std::vector<bool> descended_;
  std::vector<int> axis_of_;  // by ValueId: where the followed axis is; kNone when it is not there
};

}  // namespace

std::optional<AxisOfValue> FindJoin(const Graph& graph, NodeId id, int axis) {
  const Shape& shape = graph.values[graph.nodes[id].outputs[0]].shape;
  if (axis >= shape.rank() || shape[axis] <= 1) return std::nullopt;
  return Follower(graph, id, axis).Run();
}

}  // namespace safelight
