// SPDX-License-Identifier: Apache-2.0
#include "graph/infer.h"

#include <algorithm>

#include "graph/op_def.h"

namespace safelight {
namespace {

// Sizes above these come from broken files; refusing them keeps all later arithmetic in 64 bits.
// The planner may keep a table with an entry per index of an axis.
constexpr int64_t kMaxDim = int64_t{1} << 26;
constexpr int64_t kMaxElements = int64_t{1} << 40;
// Shape arithmetic works on a handful of integers.
constexpr int64_t kMaxShapeElements = 4096;

bool IsInteger(DType dtype) {
  switch (dtype) {
    case DType::kInt8:
    case DType::kUInt8:
    case DType::kInt16:
    case DType::kUInt16:
    case DType::kInt32:
    case DType::kUInt32:
    case DType::kInt64:
    case DType::kUInt64:
    case DType::kBool: return true;
    default: return false;
  }
}

// Shape arithmetic: known before the run and small enough to be some op's sizes or indices.
bool IsShapeArithmetic(const Graph& graph, const Node& node) {
  if (!node.op->reads_only_shape) {
    for (ValueId input : node.inputs) {
      if (input != kNone && !graph.values[input].is_constant()) return false;
    }
  }
  return std::all_of(node.outputs.begin(), node.outputs.end(), [&](ValueId output) {
    const Value& value = graph.values[output];
    return (IsInteger(value.dtype) || value.dtype == DType::kFloat32) && value.quant.empty() &&
           value.shape.elements() <= kMaxShapeElements;
  });
}

}  // namespace

Status CheckShape(const Value& value) {
  for (int64_t dim : value.shape.dims()) {
    if (dim < 0 || dim > kMaxDim) {
      return InvalidArgument("'", value.name, "' has shape ", value.shape.ToString(), ", sizes must be 0 to 2^26");
    }
  }
  if (value.shape.elements() > kMaxElements) {
    return ResourceLimit("'", value.name, "' has shape ", value.shape.ToString(), ", more than 2^40 elements");
  }
  return {};
}

Status VerifyStructure(const Graph& graph) {
  const int count = static_cast<int>(graph.values.size());
  std::vector<bool> known(count, false);
  for (ValueId id : graph.inputs) {
    if (id < 0 || id >= count) return CorruptData("graph input ", id, " is not one of the ", count, " values");
    if (graph.values[id].is_constant()) return CorruptData("graph input '", graph.values[id].name, "' is a constant");
    known[id] = true;
  }
  // A constant with a producer was evaluated by Infer; the node still stands in the order.
  for (int id = 0; id < count; ++id) {
    const Value& value = graph.values[id];
    known[id] = known[id] || (value.is_constant() && value.producer == kNone);
  }
  for (const Node& node : graph.nodes) {
    const int inputs = static_cast<int>(node.inputs.size());
    if (inputs < node.op->min_inputs || (node.op->max_inputs != OpDef::kVariadic && inputs > node.op->max_inputs)) {
      return InvalidArgument(inputs, " inputs, must be ", node.op->min_inputs, " to ", node.op->max_inputs)
          .With(NodeLabel(graph, node));
    }
    const int outputs = static_cast<int>(node.outputs.size());
    if (outputs == 0 || (node.op->outputs != OpDef::kVariadic && outputs != node.op->outputs)) {
      return InvalidArgument(outputs, " outputs, must be ", node.op->outputs).With(NodeLabel(graph, node));
    }
    for (int i = 0; i < inputs; ++i) {
      const ValueId id = node.inputs[i];
      if (id == kNone) {
        if (i >= node.op->min_inputs) continue;
        return InvalidArgument("input ", i, " is left out but needed").With(NodeLabel(graph, node));
      }
      if (id < 0 || id >= count) return CorruptData("input ", i, " is value ", id).With(NodeLabel(graph, node));
      if (!known[id]) {
        return CorruptData("input ", i, " '", graph.values[id].name, "' is used before anything computes it")
            .With(NodeLabel(graph, node));
      }
    }
    for (ValueId id : node.outputs) {
      if (id < 0 || id >= count) return CorruptData("an output is value ", id).With(NodeLabel(graph, node));
      if (known[id]) {
        return CorruptData("output '", graph.values[id].name, "' is computed twice, or is an input or a constant")
            .With(NodeLabel(graph, node));
      }
      known[id] = true;
    }
  }
  for (ValueId id : graph.outputs) {
    if (id < 0 || id >= count) return CorruptData("graph output ", id, " is not one of the ", count, " values");
    if (!known[id]) return CorruptData("graph output '", graph.values[id].name, "' is never computed");
  }
  return {};
}

Status Infer(Graph& graph, const std::vector<Shape>& input_shapes) {
  SL_TRY(VerifyStructure(graph));
  if (!input_shapes.empty() && input_shapes.size() != graph.inputs.size()) {
    return InvalidArgument(input_shapes.size(), " input shapes given, the network has ", graph.inputs.size(),
                           " inputs");
  }
  for (size_t i = 0; i < input_shapes.size(); ++i) {
    if (input_shapes[i].rank() > 0) graph.values[graph.inputs[i]].shape = input_shapes[i];
  }
  for (const Value& value : graph.values) {
    if (value.is_constant()) SL_TRY(CheckShape(value));
  }
  for (ValueId id : graph.inputs) SL_TRY(CheckShape(graph.values[id]).With("graph input"));
  for (size_t id = 0; id < graph.nodes.size(); ++id) {
    // A node that was evaluated at another size keeps no stale constant.
    for (ValueId output : graph.nodes[id].outputs) graph.values[output].constant = nullptr;
    SL_TRY(InferNode(graph, static_cast<NodeId>(id)).With(NodeLabel(graph, graph.nodes[id])));
  }
  return {};
}

Status InferNode(Graph& graph, NodeId id) {
  const Node& node = graph.nodes[id];
  InferContext context(graph, node);
  SL_TRY(node.op->infer(context));
  for (ValueId output : node.outputs) SL_TRY(CheckShape(graph.values[output]));
  if (!HasDynamicShape(graph, node) && IsShapeArithmetic(graph, node)) {
    // An op that cannot be evaluated here is computed at run time like any other.
    (void)EvaluateNode(graph, id).ok();
  }
  return {};
}

Status EvaluateNode(Graph& graph, NodeId id) {
  const Node& node = graph.nodes[id];
  std::vector<ConstTensorView> inputs;
  for (ValueId input : node.inputs) {
    if (input == kNone) {
      inputs.emplace_back();
      continue;
    }
    const Value& value = graph.values[input];
    inputs.emplace_back(value.dtype, value.shape, value.constant);
  }
  std::vector<std::shared_ptr<Tensor>> results;
  std::vector<TensorView> outputs;
  for (ValueId output : node.outputs) {
    const Value& value = graph.values[output];
    results.push_back(std::make_shared<Tensor>(value.dtype, value.shape));
    outputs.push_back(results.back()->view());
  }
  SL_TRY(node.op->reference(OpContext(graph, node), inputs, outputs));
  for (size_t i = 0; i < results.size(); ++i) {
    graph.values[node.outputs[i]].constant = results[i]->bytes();
    graph.storage.push_back(results[i]);
  }
  return {};
}

}  // namespace safelight
