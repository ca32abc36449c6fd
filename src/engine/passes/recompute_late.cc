// SPDX-License-Identifier: Apache-2.0
//
// A value that is read on both sides of a barrier would be kept whole. Where it is quickly made from what is kept
// anyway, or from much less, its node is done once more in the later phase instead. Same bits.
#include <algorithm>
#include <set>

#include "engine/axes.h"
#include "engine/passes/passes.h"
#include "engine/phases.h"
#include "graph/op_def.h"

namespace safelight {
namespace {

// One core of a usual machine, carefully.
constexpr double kMacsPerNs = 20, kOtherPerNs = 4;
// To write a byte to memory and to read it takes a quarter of a nanosecond; to have it is worth as much.
constexpr double kNsPerByte = 0.5;

int64_t BytesOf(const Graph& graph, ValueId id) { return TensorBytes(graph.values[id].dtype, graph.values[id].shape); }

double NsOf(const Graph& graph, const Node& node) {
  const OpContext context(graph, node);
  Cost cost{.other = context.output(0).shape.elements()};
  if (node.op->cost != nullptr) cost = node.op->cost(context);
  const int64_t macs = cost.macs_done > 0 ? cost.macs_done : cost.macs;
  return static_cast<double>(macs) / kMacsPerNs + static_cast<double>(cost.other) / kOtherPerNs;
}

class Planner {
 public:
  explicit Planner(Graph& graph)
      : graph_(graph), axes_(AssignAxes(graph)), phases_(AssignPhases(graph, axes_)), uses_(FindUses(graph)) {}

  // Repeats one node; false when none is worth it.
  bool RepeatOne() {
    for (size_t id = 0; id < graph_.nodes.size(); ++id) {
      const std::set<int> later = LaterPhases(static_cast<NodeId>(id));
      if (later.empty() || !Pays(static_cast<NodeId>(id), later.size())) continue;
      Repeat(static_cast<NodeId>(id), later);
      return true;
    }
    return false;
  }

 private:
  bool ByRows(NodeId id) const { return axes_.values[graph_.nodes[id].outputs[0]].row != kNone; }

  // The phases whose readers by rows are all that keeps the node's value whole; empty where there is another reason.
  std::set<int> LaterPhases(NodeId id) const {
    const Node& node = graph_.nodes[id];
    std::set<int> later;
    if (node.outputs.size() != 1 || !ByRows(id)) return {};
    const ValueId value = node.outputs[0];
    if (std::find(graph_.outputs.begin(), graph_.outputs.end(), value) != graph_.outputs.end()) return {};
    bool streams = false;
    for (const Use& use : uses_[value]) {
      if (!ByRows(use.node) || !axes_.edges[use.node][use.input].by_rows) return {};
      const int phase = phases_.node_phase[use.node];
      if (phase == phases_.node_phase[id]) {
        streams = true;
      } else {
        later.insert(phase);
      }
    }
    // Else the planner moves the node itself.
    return streams ? later : std::set<int>();
  }

  bool Pays(NodeId id, size_t times) const {
    const Node& node = graph_.nodes[id];
    int64_t spared = BytesOf(graph_, node.outputs[0]);
    const std::set<ValueId> inputs(node.inputs.begin(), node.inputs.end());
    for (ValueId input : inputs) {
      if (input != kNone && !phases_.value_whole[input]) spared -= BytesOf(graph_, input);
    }
    return static_cast<double>(times) * NsOf(graph_, node) < kNsPerByte * static_cast<double>(spared);
  }

  void Repeat(NodeId id, const std::set<int>& later) {
    std::vector<Node> repeated;
    for (int phase : later) {
      Node node = graph_.nodes[id];
      Value value = graph_.values[node.outputs[0]];
      const ValueId own = graph_.AddValue(std::move(value));
      for (const Use& use : uses_[node.outputs[0]]) {
        if (phases_.node_phase[use.node] == phase) graph_.nodes[use.node].inputs[use.input] = own;
      }
      node.outputs[0] = own;
      repeated.push_back(std::move(node));
    }
    graph_.nodes.insert(graph_.nodes.begin() + id + 1, repeated.begin(), repeated.end());
    graph_.LinkProducers();
  }

  Graph& graph_;
  const AxisPlan axes_;
  const PhasePlan phases_;
  const std::vector<std::vector<Use>> uses_;
};

}  // namespace

Status RecomputeLate(Graph& graph, std::vector<std::string>* notes) {
  const size_t before = graph.nodes.size();
  // Every round takes a reader away from a value that crosses a barrier.
  for (size_t round = 0; round < before && Planner(graph).RepeatOne();) ++round;
  if (graph.nodes.size() > before) {
    notes->push_back(Cat(graph.nodes.size() - before, " nodes are done again in a later phase rather than kept whole"));
  }
  return {};
}

}  // namespace safelight
