// SPDX-License-Identifier: Apache-2.0
#include "graph/graph.h"

#include "graph/op_def.h"

namespace safelight {

ValueId Graph::AddConstant(std::string name, Tensor tensor) {
  auto owner = std::make_shared<const Tensor>(std::move(tensor));
  Value value;
  value.name = std::move(name);
  value.dtype = owner->dtype();
  value.shape = owner->shape();
  value.constant = owner->bytes();
  storage.push_back(owner);
  return AddValue(std::move(value));
}

NodeId Graph::AddNode(Node node) {
  const NodeId id = static_cast<NodeId>(nodes.size());
  for (size_t i = 0; i < node.outputs.size(); ++i) {
    values[node.outputs[i]].producer = id;
    values[node.outputs[i]].output_index = static_cast<int>(i);
  }
  nodes.push_back(std::move(node));
  return id;
}

void Graph::LinkProducers() {
  for (Value& value : values) value.producer = kNone;
  for (size_t id = 0; id < nodes.size(); ++id) {
    for (size_t i = 0; i < nodes[id].outputs.size(); ++i) {
      values[nodes[id].outputs[i]].producer = static_cast<NodeId>(id);
      values[nodes[id].outputs[i]].output_index = static_cast<int>(i);
    }
  }
}

std::vector<std::vector<Use>> FindUses(const Graph& graph) {
  std::vector<std::vector<Use>> uses(graph.values.size());
  for (size_t id = 0; id < graph.nodes.size(); ++id) {
    const std::vector<ValueId>& inputs = graph.nodes[id].inputs;
    for (size_t i = 0; i < inputs.size(); ++i) {
      if (inputs[i] != kNone) uses[inputs[i]].push_back({static_cast<NodeId>(id), static_cast<int>(i)});
    }
  }
  return uses;
}

std::string NodeLabel(const Graph& graph, const Node& node) {
  std::string label = "node ";
  label += node.file_nodes.empty() ? "?" : std::to_string(node.file_nodes.front());
  label += ' ';
  label += node.op->name;
  if (!node.outputs.empty() && !graph.values[node.outputs[0]].name.empty()) {
    // Converters join the names of all that they fused; the first is the place.
    const std::string& name = graph.values[node.outputs[0]].name;
    label += " '" + name.substr(0, name.find(';')) + "'";
  }
  return label;
}

}  // namespace safelight
