// SPDX-License-Identifier: Apache-2.0
//
// A reduction over the rows becomes one partial result per row, which streams, and a small rest over rows:
// the picture itself need not be kept. Partials are added in row order, whatever the strips.
#include "engine/axes.h"
#include "engine/passes/passes.h"
#include "graph/op_def.h"
#include "ops/support/reduce.h"

namespace safelight {
namespace {

ValueId AddAxes(Graph& graph, const std::vector<int32_t>& axes) {
  Tensor tensor(DType::kInt32, Shape({static_cast<int64_t>(axes.size())}));
  std::copy(axes.begin(), axes.end(), tensor.data<int32_t>());
  return graph.AddConstant("axes", std::move(tensor));
}

}  // namespace

Status SplitReductions(Graph& graph, std::vector<std::string>* notes) {
  const AxisPlan axes = AssignAxes(graph);
  std::vector<Node> nodes;
  for (size_t id = 0; id < graph.nodes.size(); ++id) {
    const Node node = graph.nodes[id];
    const ValueId input = node.inputs.empty() ? kNone : node.inputs[0];
    const int row = input == kNone || graph.values[input].is_constant() ? kNone : axes.values[input].row;
    const auto split = row == kNone ? std::nullopt : SplitReduction(OpContext(graph, graph.nodes[id]), row);
    if (!split.has_value()) {
      nodes.push_back(node);
      continue;
    }
    Value partial;
    partial.name = graph.values[node.outputs[0]].name + " by row";
    partial.dtype = graph.values[input].dtype;
    partial.shape = split->partial_shape;
    const ValueId partial_id = graph.AddValue(std::move(partial));
    const ValueId per_row = AddAxes(graph, split->per_row_axes), over_rows = AddAxes(graph, split->over_rows_axes);
    notes->push_back(NodeLabel(graph, node) + " reduces row by row, then over rows");
    nodes.push_back(Node{split->per_row, split->per_row_attrs, {input, per_row}, {partial_id}, node.file_nodes});
    nodes.push_back(
        Node{split->over_rows, split->over_rows_attrs, {partial_id, over_rows}, node.outputs, node.file_nodes});
  }
  graph.nodes = std::move(nodes);
  graph.LinkProducers();
  return {};
}

}  // namespace safelight
