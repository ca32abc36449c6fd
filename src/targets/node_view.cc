// SPDX-License-Identifier: Apache-2.0
#include "targets/node_view.h"

namespace safelight {
namespace {

bool IsWeights(const ValueView& input) {
  if (input.value == nullptr || !input.constant) return false;
  const DType dtype = input.value->dtype;
  return dtype == DType::kFloat32 || dtype == DType::kFloat16 || dtype == DType::kInt8 || dtype == DType::kUInt8 ||
         dtype == DType::kInt4;
}

// The first constant besides the data that is not a shape, an axis or a bias of integers.
const Value* FindWeights(const NodeView& node, int data) {
  for (size_t i = 0; i < node.inputs.size(); ++i) {
    if (static_cast<int>(i) != data && IsWeights(node.inputs[i])) return node.inputs[i].value;
  }
  return nullptr;
}

}  // namespace

NodeView ViewOf(const Graph& graph, const Node& node, const AttrReader* options) {
  NodeView view;
  view.op = node.op->name;
  view.version = options == nullptr ? 1 : options->version();
  view.options = options;
  const auto value_view = [&](ValueId id) {
    if (id == kNone) return ValueView();
    const Value& value = graph.values[static_cast<size_t>(id)];
    return ValueView{
        &value, value.is_constant() && value.producer == kNone,
        value.producer != kNone && HasDynamicShape(graph, graph.nodes[static_cast<size_t>(value.producer)])};
  };
  for (ValueId id : node.inputs) view.inputs.push_back(value_view(id));
  for (ValueId id : node.outputs) view.outputs.push_back(value_view(id));
  return view;
}

int DataInput(const NodeView& node) {
  int first = -1;
  for (size_t i = 0; i < node.inputs.size(); ++i) {
    if (node.inputs[i].value == nullptr) continue;
    if (!node.inputs[i].constant) return static_cast<int>(i);
    if (first < 0) first = static_cast<int>(i);
  }
  return first;
}

std::string TypeOf(const NodeView& node) {
  const int data = DataInput(node);
  const Value* value = data >= 0               ? node.inputs[static_cast<size_t>(data)].value
                       : !node.outputs.empty() ? node.outputs[0].value
                                               : nullptr;
  if (value == nullptr) return "other";
  const Value* weights = FindWeights(node, data);
  const bool small = weights != nullptr && weights->dtype != DType::kFloat32 && weights->dtype != DType::kFloat16;
  switch (value->dtype) {
    case DType::kFloat32:
      if (small) return "dynamic-range";
      return weights != nullptr && weights->dtype == DType::kFloat16 ? "float16-weights" : "float32";
    case DType::kInt16: return weights != nullptr && weights->dtype == DType::kInt8 ? "int16x8" : "int16";
    case DType::kInt8: return weights != nullptr && weights->dtype == DType::kInt4 ? "int8-int4-weights" : "int8";
    case DType::kFloat16:
    case DType::kUInt8:
    case DType::kInt32:
    case DType::kInt64:
    case DType::kBool: return DTypeName(value->dtype);
    default: return "other";
  }
}

const std::vector<std::string>& NodeTypes() {
  static const std::vector<std::string> kTypes = {
      "float32", "float16-weights", "dynamic-range", "float16", "int8", "int8-int4-weights", "uint8", "int16",
      "int16x8", "int32",           "int64",         "bool",    "other"};
  return kTypes;
}

const char* QuantizationWord(const Value& value) {
  if (value.quant.empty()) return "none";
  return value.quant.scales.size() > 1 ? "per-channel" : "per-tensor";
}

}  // namespace safelight
