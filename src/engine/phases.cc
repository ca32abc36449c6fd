// SPDX-License-Identifier: Apache-2.0
#include "engine/phases.h"

#include <algorithm>
#include <set>

#include "graph/op_def.h"

namespace safelight {
namespace {

// Levels: phases of rows are even, serial phases odd.
class Leveller {
 public:
  Leveller(const Graph& graph, const AxisPlan& axes, const std::vector<std::vector<Use>>& uses)
      : graph_(graph), axes_(axes), uses_(uses), level_(graph.nodes.size(), 0) {}

  std::vector<int> Run() {
    for (size_t id = 0; id < graph_.nodes.size(); ++id) level_[id] = Earliest(static_cast<NodeId>(id));
    for (size_t id = graph_.nodes.size(); id-- > 0;) Delay(static_cast<NodeId>(id));
    return level_;
  }

 private:
  bool ByRows(NodeId id) const { return axes_.values[graph_.nodes[id].outputs[0]].row != kNone; }
  NodeId Producer(ValueId value) const {
    return value == kNone || graph_.values[value].is_constant() ? kNone : graph_.values[value].producer;
  }

  // The first level that may follow `producer` for a node that reads it through edge i of node `id`.
  int After(NodeId producer, NodeId id, size_t i) const {
    const int level = level_[producer];
    if (ByRows(id)) {
      if (!ByRows(producer)) return level + 1;
      return axes_.edges[id][i].by_rows ? level : level + 2;
    }
    return ByRows(producer) ? level + 1 : level;
  }

  int Earliest(NodeId id) const {
    int level = ByRows(id) ? 0 : 1;
    const Node& node = graph_.nodes[id];
    for (size_t i = 0; i < node.inputs.size(); ++i) {
      const NodeId producer = Producer(node.inputs[i]);
      if (producer != kNone) level = std::max(level, After(producer, id, i));
    }
    return level;
  }

  // A node of rows whose readers all come later moves to the first of them, when what it reads is whole by then anyway,
  // or is less than what it makes: its output then needs only a ring.
  void Delay(NodeId id) {
    if (!ByRows(id)) return;
    const Node& node = graph_.nodes[id];
    int latest = -1;
    for (ValueId output : node.outputs) {
      for (const Use& use : uses_[output]) {
        const int level = level_[use.node];
        const int fits = IsRing(use) ? level : (level - 1) / 2 * 2;
        latest = latest < 0 ? fits : std::min(latest, fits);
      }
    }
    if (latest <= level_[id]) return;
    const int64_t kept = BytesToKeep(id);
    if (kept > 0 && kept >= BytesSpared(node, latest)) return;
    level_[id] = latest;
  }

  bool IsRing(const Use& use) const { return ByRows(use.node) && axes_.edges[use.node][use.input].by_rows; }
  bool IsOutput(ValueId id) const {
    return std::find(graph_.outputs.begin(), graph_.outputs.end(), id) != graph_.outputs.end();
  }
  int64_t BytesOf(ValueId id) const { return TensorBytes(graph_.values[id].dtype, graph_.values[id].shape); }

  // Of the inputs that would be rings but for node `id` in a later phase.
  int64_t BytesToKeep(NodeId id) const {
    int64_t bytes = 0;
    const std::set<ValueId> inputs(graph_.nodes[id].inputs.begin(), graph_.nodes[id].inputs.end());
    for (ValueId input : inputs) {
      const NodeId producer = Producer(input);
      if (producer == kNone || !ByRows(producer) || level_[producer] < level_[id] || IsOutput(input)) continue;
      const bool whole = std::any_of(uses_[input].begin(), uses_[input].end(), [&](const Use& use) {
        return use.node != id && (level_[use.node] > level_[producer] || !IsRing(use));
      });
      if (!whole) bytes += BytesOf(input);
    }
    return bytes;
  }

  // Of the outputs that are rings when the node is at level `latest`.
  int64_t BytesSpared(const Node& node, int latest) const {
    int64_t bytes = 0;
    for (ValueId output : node.outputs) {
      const bool ring =
          !IsOutput(output) && std::all_of(uses_[output].begin(), uses_[output].end(),
                                           [&](const Use& use) { return level_[use.node] == latest && IsRing(use); });
      if (ring) bytes += BytesOf(output);
    }
    return bytes;
  }

  const Graph& graph_;
  const AxisPlan& axes_;
  const std::vector<std::vector<Use>>& uses_;
  std::vector<int> level_;
};

std::vector<bool> FindWholeValues(const Graph& graph, const AxisPlan& axes, const std::vector<int>& level,
                                  const std::vector<std::vector<Use>>& uses) {
  std::vector<bool> whole(graph.values.size(), false);
  for (size_t id = 0; id < graph.values.size(); ++id) {
    const Value& value = graph.values[id];
    const bool made_by_rows = !value.is_constant() && value.producer != kNone && axes.values[id].row != kNone;
    whole[id] = !made_by_rows || std::any_of(uses[id].begin(), uses[id].end(), [&](const Use& use) {
      return level[use.node] != level[value.producer] || !axes.edges[use.node][use.input].by_rows;
    });
  }
  for (ValueId output : graph.outputs) whole[output] = true;
  return whole;
}

// Gives every output of the graph a value of its own that a node computes.
void CopyOutputs(Graph& graph, const OpDef* copy) {
  std::set<ValueId> taken;
  for (ValueId& output : graph.outputs) {
    const Value& value = graph.values[output];
    const bool computed = value.producer != kNone && !value.is_constant();
    if (computed && taken.insert(output).second) continue;
    Value own = value;
    own.constant = nullptr;
    const ValueId kept = graph.AddValue(std::move(own));
    graph.AddNode(Node{copy, nullptr, {output}, {kept}, {}});
    output = kept;
  }
}

}  // namespace

PhasePlan AssignPhases(const Graph& graph, const AxisPlan& axes) {
  const std::vector<std::vector<Use>> uses = FindUses(graph);
  const std::vector<int> level = Leveller(graph, axes, uses).Run();
  PhasePlan plan;
  plan.value_whole = FindWholeValues(graph, axes, level, uses);
  const std::set<int> used(level.begin(), level.end());
  const std::vector<int> levels(used.begin(), used.end());
  plan.phases.resize(levels.size());
  plan.node_phase.resize(graph.nodes.size());
  for (size_t p = 0; p < levels.size(); ++p) plan.phases[p].serial = levels[p] % 2 == 1;
  for (size_t id = 0; id < graph.nodes.size(); ++id) {
    const auto p = std::lower_bound(levels.begin(), levels.end(), level[id]) - levels.begin();
    plan.node_phase[id] = static_cast<int>(p);
    Phase& phase = plan.phases[p];
    phase.nodes.push_back(static_cast<NodeId>(id));
    const std::vector<ValueId>& outputs = graph.nodes[id].outputs;
    const bool kept = std::any_of(outputs.begin(), outputs.end(), [&](ValueId v) { return plan.value_whole[v]; });
    if (!phase.serial && kept) phase.targets.push_back(static_cast<NodeId>(id));
  }
  return plan;
}

Status SeparateTargets(Graph& graph) {
  const OpDef* copy = FindOp("COPY");
  if (copy == nullptr) return Internal("op COPY is missing");
  CopyOutputs(graph, copy);
  const AxisPlan axes = AssignAxes(graph);
  const PhasePlan plan = AssignPhases(graph, axes);
  const std::vector<std::vector<Use>> uses = FindUses(graph);
  const auto reads_ring = [&](const Use& use) {
    const NodeId producer = graph.values[graph.nodes[use.node].inputs[use.input]].producer;
    return plan.node_phase[use.node] == plan.node_phase[producer] && axes.edges[use.node][use.input].by_rows;
  };
  const auto streams_on = [&](ValueId value) {
    return axes.values[value].row != kNone && std::any_of(uses[value].begin(), uses[value].end(), reads_ring);
  };
  std::vector<Node> nodes;
  std::vector<ValueId> copy_of(graph.values.size(), kNone);
  const size_t count = graph.nodes.size();
  for (size_t id = 0; id < count; ++id) {
    Node node = graph.nodes[id];
    for (size_t i = 0; i < node.inputs.size(); ++i) {
      const ValueId input = node.inputs[i];
      if (input == kNone || copy_of[input] == kNone) continue;
      if (!reads_ring({static_cast<NodeId>(id), static_cast<int>(i)})) node.inputs[i] = copy_of[input];
    }
    nodes.push_back(node);
    if (std::none_of(node.outputs.begin(), node.outputs.end(), streams_on)) continue;
    for (ValueId output : node.outputs) {
      if (!plan.value_whole[output]) continue;
      Value value = graph.values[output];
      copy_of[output] = graph.AddValue(std::move(value));
      nodes.push_back(Node{copy, nullptr, {output}, {copy_of[output]}, node.file_nodes});
    }
  }
  for (ValueId& output : graph.outputs) {
    if (copy_of[output] != kNone) output = copy_of[output];
  }
  graph.nodes = std::move(nodes);
  graph.LinkProducers();
  return {};
}

}  // namespace safelight
