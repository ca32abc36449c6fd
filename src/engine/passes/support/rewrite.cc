// SPDX-License-Identifier: Apache-2.0
#include "engine/passes/support/rewrite.h"

#include <algorithm>
#include <utility>

namespace safelight {

Rewrite::Rewrite(Graph& graph) : graph_(graph), readers_(graph.values.size(), 0) {
  for (const Node& node : graph.nodes) Count(node, 1);
  for (ValueId output : graph.outputs) ++readers_[output];
}

void Rewrite::Count(const Node& node, int by) {
  readers_.resize(graph_.values.size(), 0);
  for (ValueId input : node.inputs) {
    if (input != kNone) readers_[input] += by;
  }
}

NodeId Rewrite::Producer(ValueId id) const {
  return id == kNone || value(id).is_constant() ? kNone : value(id).producer;
}

NodeId Rewrite::SoleProducer(ValueId id) const {
  const NodeId producer = Producer(id);
  return producer != kNone && readers(id) == 1 && node(producer).outputs.size() == 1 ? producer : kNone;
}

void Rewrite::Set(NodeId id, Node node) {
  if (!taken(id)) Count(graph_.nodes[id], -1);
  Count(node, 1);
  for (size_t i = 0; i < node.outputs.size(); ++i) {
    graph_.values[node.outputs[i]].producer = id;
    graph_.values[node.outputs[i]].output_index = static_cast<int>(i);
  }
  graph_.nodes[id] = std::move(node);
}

void Rewrite::Take(NodeId id) {
  Count(graph_.nodes[id], -1);
  graph_.nodes[id] = Node();
}

void Rewrite::Replace(NodeId id, NodeId by) {
  const std::vector<ValueId> outputs = node(id).outputs;
  Take(id);
  graph_.nodes[by].outputs = outputs;
  for (ValueId output : outputs) graph_.values[output].producer = by;
}

void Rewrite::AddFileNodes(NodeId id, const std::vector<int>& from) {
  std::vector<int>& all = graph_.nodes[id].file_nodes;
  for (int number : from) {
    if (std::find(all.begin(), all.end(), number) == all.end()) all.push_back(number);
  }
}

void Rewrite::Finish() {
  std::erase_if(graph_.nodes, [](const Node& node) { return node.op == nullptr; });
  graph_.LinkProducers();
}

std::optional<float> ScalarOf(const Value& value) {
  if (!value.is_constant() || !IsFloat(value) || value.shape.elements() != 1) return std::nullopt;
  return *reinterpret_cast<const float*>(value.constant);
}

}  // namespace safelight
