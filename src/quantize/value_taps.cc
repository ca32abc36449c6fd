// SPDX-License-Identifier: Apache-2.0
#include "quantize/value_taps.h"

#include <algorithm>
#include <unordered_map>
#include <utility>

#include "graph/infer.h"
#include "graph/op_def.h"
#include "quantize/capture_op.h"

namespace safelight {

std::vector<TappedValue> ListValues(const Graph& graph) {
  std::vector<TappedValue> values;
  const auto add = [&](ValueId id, const Node* node) {
    const Value& value = graph.values[id];
    if (value.file_tensor == kNone || value.is_constant() || !CanCapture(value.dtype)) return;
    const int number = node == nullptr || node->file_nodes.empty() ? -1 : node->file_nodes[0];
    values.push_back({value.file_tensor, value.name, node == nullptr ? "" : node->op->name, number, value.dtype,
                      value.shape, value.quant});
  };
  for (const ValueId id : graph.inputs) add(id, nullptr);
  for (const Node& node : graph.nodes) {
    for (const ValueId id : node.outputs) add(id, &node);
  }
  return values;
}

Status AddTapOutput(Graph* graph, const OpDef& op, std::shared_ptr<const OpAttrs> attrs, std::vector<ValueId> inputs,
                    const std::string& name) {
  Value value;
  value.name = name;
  const ValueId output = graph->AddValue(std::move(value));
  const NodeId id = graph->AddNode(Node{&op, std::move(attrs), std::move(inputs), {output}, {}});
  SL_TRY(InferNode(*graph, id));
  graph->outputs.push_back(output);
  return {};
}

GraphEdit ValueTaps::Taps() {
  return [this](Graph& graph) -> Status {
    std::unordered_map<int, ValueId> by_tensor;
    for (size_t v = 0; v < graph.values.size(); ++v) {
      const Value& value = graph.values[v];
      if (value.file_tensor != kNone && !value.is_constant()) by_tensor[value.file_tensor] = static_cast<ValueId>(v);
    }
    captured_.clear();
    int64_t bytes = 0;
    for (size_t i = first_; i < values_.size() && captured_.size() < most_; ++i) {
      const auto found = by_tensor.find(values_[i].file_tensor);
      if (found == by_tensor.end()) {
        captured_.push_back(nullptr);
        continue;
      }
      const Shape shape = graph.values[found->second].shape;
      bytes += TensorBytes(DType::kFloat32, shape);
      if (bytes > kBudgetBytes && !captured_.empty()) break;
      captured_.push_back(std::make_shared<Tensor>(DType::kFloat32, shape));
      auto attrs = std::make_shared<CaptureAttrs>();
      attrs->to = captured_.back();
      if (values_[i].dtype != DType::kFloat32 && !values_[i].quant.empty()) {
        attrs->scale = values_[i].quant.scales[0];
        attrs->zero_point = static_cast<int32_t>(values_[i].quant.zero_points[0]);
      }
      SL_TRY(AddTapOutput(&graph, capture_op, std::move(attrs), {found->second}, values_[i].name + " looked at"));
    }
    return {};
  };
}

}  // namespace safelight
