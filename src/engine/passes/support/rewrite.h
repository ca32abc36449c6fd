// SPDX-License-Identifier: Apache-2.0
//
// A graph while a pass changes it.
//
// Nodes are changed where they stand, so their numbers and order hold until Finish sweeps out those that were taken
// away. Counts of readers are kept up to date; every change costs as much as the node has inputs.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "graph/graph.h"
#include "graph/op_def.h"

namespace safelight {

class Rewrite {
 public:
  explicit Rewrite(Graph& graph);

  // Null op: taken away.
  const Node& node(NodeId id) const { return graph_.nodes[id]; }
  const Value& value(ValueId id) const { return graph_.values[id]; }
  OpContext context(NodeId id) const { return OpContext(graph_, graph_.nodes[id]); }
  size_t num_nodes() const { return graph_.nodes.size(); }
  bool taken(NodeId id) const { return graph_.nodes[id].op == nullptr; }
  bool Is(NodeId id, std::string_view op) const { return !taken(id) && graph_.nodes[id].op->name == op; }

  // How many inputs of nodes and outputs of the graph read a value.
  int readers(ValueId id) const { return static_cast<size_t>(id) < readers_.size() ? readers_[id] : 0; }
  // The node that makes a value; kNone for inputs and constants.
  NodeId Producer(ValueId id) const;
  // The same where the value has one reader only, who may then take the node over; kNone else.
  NodeId SoleProducer(ValueId id) const;

  // Node `id` becomes `node`; what it stood for before is up to the caller.
  void Set(NodeId id, Node node);
  void SetAttrs(NodeId id, std::shared_ptr<const OpAttrs> attrs) { graph_.nodes[id].attrs = std::move(attrs); }
  // Takes a node away; nobody reads its outputs any more, or another node makes them.
  void Take(NodeId id);
  // Takes `id` away, and `by`, which stands before it, makes its only output instead of its own.
  void Replace(NodeId id, NodeId by);
  // Notes that `id` does the work of the file's nodes that `from` did.
  void AddFileNodes(NodeId id, const std::vector<int>& from);

  ValueId AddConstant(std::string name, Tensor tensor) {
    return graph_.AddConstant(std::move(name), std::move(tensor));
  }
  ValueId AddValue(Value value) { return graph_.AddValue(std::move(value)); }

  // Must be the last call.
  void Finish();

 private:
  void Count(const Node& node, int by);

  Graph& graph_;
  std::vector<int> readers_;
};

// The number that a float constant of one element holds.
std::optional<float> ScalarOf(const Value& value);
inline bool IsFloat(const Value& value) { return value.dtype == DType::kFloat32; }

}  // namespace safelight
