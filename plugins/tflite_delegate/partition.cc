// SPDX-License-Identifier: Apache-2.0
#include "partition.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <map>
#include <optional>

#include "graph/infer.h"
#include "graph/op_def.h"
#include "runtime/model_impl.h"
#include "safelight/session.h"
#include "tflite_abi/builtin_data.h"
#include "tflite_abi/types.h"

namespace safelight::host {
namespace {

std::vector<int> ToVector(const Ints* ints) {
  return ints == nullptr ? std::vector<int>() : std::vector<int>(ints->at, ints->at + ints->size);
}

Result<QuantParams> QuantOf(const Tensor& tensor) {
  QuantParams params;
  if (tensor.quantization.type == 0 || tensor.quantization.params == nullptr) return params;
  if (tensor.quantization.type != kAffine) return Unsupported("blockwise quantization");
  const auto& affine = *static_cast<const AffineQuantization*>(tensor.quantization.params);
  if (affine.scale == nullptr) return params;
  params.axis = affine.axis;
  const int zeros = affine.zero_point == nullptr ? 0 : affine.zero_point->size;
  for (int i = 0; i < affine.scale->size; ++i) {
    const float scale = affine.scale->at[i];
    if (!std::isfinite(scale) || scale < 0) return InvalidArgument("quantization scale ", scale);
    if (scale == 0) return QuantParams();
    params.scales.push_back(scale);
    params.zero_points.push_back(zeros == 0 ? 0 : affine.zero_point->at[zeros == 1 ? 0 : std::min(i, zeros - 1)]);
  }
  return params;
}

std::string NameOf(const Tensor& tensor, int index) {
  return tensor.name != nullptr && *tensor.name != '\0' ? tensor.name : Cat("tensor ", index);
}

// Builds a graph from tensors and nodes of the host.
class Builder {
 public:
  explicit Builder(const Context& context) : context_(context) {}

  Result<ValueId> Add(int index) {
    const auto [at, added] = values_.emplace(index, kNone);
    if (!added) return at->second;
    const Tensor& tensor = context_.tensors[index];
    Value value;
    value.name = NameOf(tensor, index);
    SL_ASSIGN(value.dtype, TypeOf(tensor));
    SL_ASSIGN(value.shape, ShapeOf(tensor));
    Result<QuantParams> quant = QuantOf(tensor);
    if (!quant.ok()) return quant.status().With(Cat("'", value.name, "'"));
    value.quant = std::move(quant).value();
    value.file_tensor = index;
    if (IsConstant(tensor)) SL_TRY(SetConstant(tensor, &value).With(Cat("'", value.name, "'")));
    at->second = graph.AddValue(std::move(value));
    return at->second;
  }

  Status AddNode(const HostNode& host) {
    safelight::Node node{host.op, host.attrs, {}, {}, {host.index}};
    for (int tensor : host.inputs) {
      node.inputs.push_back(kNone);
      if (tensor != kNone) {
        SL_ASSIGN(node.inputs.back(), Add(tensor));
      }
    }
    for (int tensor : host.outputs) {
      SL_ASSIGN(node.outputs.emplace_back(), Add(tensor));
    }
    graph.AddNode(std::move(node));
    return {};
  }

  Graph graph;

 private:
  Status SetConstant(const Tensor& tensor, Value* value) {
    const int64_t needed = TensorBytes(value->dtype, value->shape);
    if (static_cast<uint64_t>(needed) != tensor.bytes) {
      return InvalidArgument(tensor.bytes, " bytes, ", needed, " are needed");
    }
    value->constant = static_cast<const std::byte*>(tensor.data);
    const size_t alignment = std::clamp<size_t>(DTypeSize(value->dtype), 1, 8);
    if (reinterpret_cast<uintptr_t>(tensor.data) % alignment == 0) return {};
    const auto copy = std::make_shared<safelight::Tensor>(value->dtype, value->shape);
    std::memcpy(copy->bytes(), tensor.data, tensor.bytes);
    value->constant = copy->bytes();
    graph.storage.push_back(copy);
    return {};
  }

  const Context& context_;
  std::map<int, ValueId> values_;
};

Status CheckTensors(const Context& context, const HostNode& node) {
  for (const std::vector<int>* tensors : {&node.inputs, &node.outputs}) {
    for (int index : *tensors) {
      if (index == kNone) continue;
      if (index < 0 || static_cast<size_t>(index) >= context.tensors_size) return InvalidArgument("tensor ", index);
      const Tensor& tensor = context.tensors[index];
      if (tensor.is_variable) return Unsupported("'", NameOf(tensor, index), "' keeps its value from run to run");
      if (tensor.sparsity != nullptr) return Unsupported("'", NameOf(tensor, index), "' is sparse");
      SL_TRY(TypeOf(tensor).status());
      SL_TRY(ShapeOf(tensor).status());
    }
  }
  return {};
}

// A session of the graph's only node.
Status TryAlone(Graph graph) {
  const safelight::Node& node = graph.nodes[0];
  for (ValueId input : node.inputs) {
    if (input != kNone && !graph.values[input].is_constant()) graph.inputs.push_back(input);
  }
  graph.outputs = node.outputs;
  SL_ASSIGN(const Model model, ModelImpl::FromGraph(std::move(graph), "alone"));
  return Session::Create(model, {.threads = 1}).status();
}

}  // namespace

bool IsConstant(const Tensor& tensor) {
  return tensor.data != nullptr && (tensor.allocation == kMapped || tensor.allocation == kPersistentReadOnly);
}

Result<DType> TypeOf(const Tensor& tensor) {
  const std::optional<DType> dtype = DTypeOf(tensor.type);
  if (!dtype.has_value()) return Unsupported("element type number ", tensor.type);
  if (DTypeSize(*dtype) == 0 && *dtype != DType::kInt4) return Unsupported("element type ", DTypeName(*dtype));
  return *dtype;
}

Result<Shape> ShapeOf(const Tensor& tensor) {
  Shape shape;
  const int rank = tensor.dims == nullptr ? 0 : tensor.dims->size;
  if (rank > Shape::kMaxRank) return Unsupported("rank ", rank, ", at most ", Shape::kMaxRank);
  for (int i = 0; i < rank; ++i) {
    if (tensor.dims->at[i] < 0) return InvalidArgument("size ", tensor.dims->at[i]);
    shape.push_back(tensor.dims->at[i]);
  }
  return shape;
}

Result<HostNode> DescribeNode(Context& context, int index) {
  Node* node = nullptr;
  WideRegistration* registration = nullptr;
  if (context.get_node(&context, index, &node, &registration) != kOk || node == nullptr || registration == nullptr) {
    return Internal("the host does not show the node");
  }
  if (registration->custom_name != nullptr) return Unsupported("the custom op '", registration->custom_name, "'");
  HostNode described;
  described.index = index;
  described.op = FindOp(registration->builtin_code);
  if (described.op == nullptr) return Unsupported("op number ", registration->builtin_code, " is not built");
  const OpDef& op = *described.op;
  if (!KnowsOptions(op)) return Unsupported(op.name, ": its options are not read here");
  described.inputs = ToVector(node->inputs);
  described.outputs = ToVector(node->outputs);
  const int inputs = static_cast<int>(described.inputs.size());
  const bool counts = inputs >= op.min_inputs && (op.max_inputs == OpDef::kVariadic || inputs <= op.max_inputs) &&
                      (op.outputs == OpDef::kVariadic || static_cast<int>(described.outputs.size()) == op.outputs);
  if (!counts) return InvalidArgument(op.name, ": ", inputs, " inputs and ", described.outputs.size(), " outputs");
  if (op.read != nullptr) {
    Result<std::shared_ptr<const OpAttrs>> attrs =
        op.read(BuiltinData(op.name, node->builtin_data, std::max(registration->version, 1)));
    if (!attrs.ok()) return attrs.status().With(op.name);
    described.attrs = std::move(attrs).value();
  }
  SL_TRY(CheckTensors(context, described).With(op.name));
  return described;
}

Status CheckNode(const Context& context, const HostNode& node) {
  Builder builder(context);
  SL_TRY(builder.AddNode(node).With(node.op->name));
  Graph& graph = builder.graph;
  graph.LinkProducers();
  const std::string place = node.op->name;
  if (HasDynamicShape(graph, graph.nodes[0])) return Unsupported(place, ": the output's size depends on the data");
  std::vector<Shape> told;
  for (ValueId output : graph.nodes[0].outputs) told.push_back(graph.values[output].shape);
  SL_TRY(InferNode(graph, 0).With(place));
  for (size_t i = 0; i < told.size(); ++i) {
    const Value& output = graph.values[graph.nodes[0].outputs[i]];
    if (output.is_constant() || output.shape == told[i]) continue;
    return Unsupported(place, ": the host makes its output ", told[i].ToString(), ", we would make ",
                       output.shape.ToString());
  }
  if (node.op->prepare == nullptr || graph.values[graph.nodes[0].outputs[0]].is_constant()) return {};
  const Status status = node.op->prepare(OpContext(graph, graph.nodes[0]), {}).status();
  // Dynamic-range layers run once passes have rewritten them.
  if (status.code() == StatusCode::kUnsupported && TryAlone(std::move(graph)).ok()) return {};
  return status.With(place);
}

Result<Graph> BuildGraph(const Context& context, const std::vector<HostNode>& nodes, const std::vector<int>& inputs,
                         const std::vector<int>& outputs) {
  Builder builder(context);
  for (int tensor : inputs) {
    if (IsConstant(context.tensors[tensor])) continue;
    SL_ASSIGN(builder.graph.inputs.emplace_back(), builder.Add(tensor));
  }
  for (const HostNode& node : nodes) SL_TRY(builder.AddNode(node).With(node.op->name));
  for (int tensor : outputs) {
    SL_ASSIGN(builder.graph.outputs.emplace_back(), builder.Add(tensor));
  }
  builder.graph.LinkProducers();
  return std::move(builder.graph);
}

}  // namespace safelight::host
