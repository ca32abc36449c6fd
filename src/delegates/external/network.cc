// SPDX-License-Identifier: Apache-2.0
#include "delegates/external/network.h"

#include <algorithm>

#include "graph/op_def.h"
#include "tensor/tensor.h"
#include "tflite_abi/abi.h"
#include "tflite_abi/builtin_data.h"
#include "tflite_abi/types.h"

namespace safelight {
namespace {

std::vector<int32_t> ToInts(const Shape& shape) {
  std::vector<int32_t> dims;
  for (int64_t dim : shape.dims()) dims.push_back(static_cast<int32_t>(dim));
  return dims;
}

ExternalTensor DescribeTensor(const Value& value) {
  ExternalTensor tensor;
  tensor.name = value.name;
  tensor.type = host::TypeOf(value.dtype);
  tensor.dims = ToInts(value.shape);
  if (value.signature.rank() == value.shape.rank()) tensor.signature = ToInts(value.signature);
  tensor.scales = value.quant.scales;
  for (int64_t zero : value.quant.zero_points) tensor.zero_points.push_back(static_cast<int32_t>(zero));
  tensor.axis = value.quant.axis;
  const bool sized = DTypeSize(value.dtype) > 0 || value.dtype == DType::kInt4;
  tensor.bytes = sized ? static_cast<uint64_t>(TensorBytes(value.dtype, value.shape)) : 0;
  if (value.is_constant()) tensor.constant = {value.constant, static_cast<size_t>(tensor.bytes)};
  return tensor;
}

// The file's options but for what stands for a size, which is the session's, and what the node itself says.
class SessionOptionsReader : public AttrReader {
 public:
  SessionOptionsReader(const OpContext& context, const AttrReader* file) : context_(context), file_(file) {}
  int64_t Int(int slot, int64_t fallback) const override {
    const std::string_view op = context_.node().op->name;
    if (op == "SPLIT" || op == "SPLIT_V") return context_.num_outputs();
    // Files may leave them out.
    if (op == "CAST") return host::FileTypeOf(host::TypeOf((slot == 0 ? context_.input(0) : context_.output(0)).dtype));
    return file_ == nullptr ? fallback : file_->Int(slot, fallback);
  }
  float Float(int slot, float fallback) const override {
    return file_ == nullptr ? fallback : file_->Float(slot, fallback);
  }
  bool Bool(int slot, bool fallback) const override {
    return file_ == nullptr ? fallback : file_->Bool(slot, fallback);
  }
  std::vector<int64_t> Ints(int slot) const override {
    if (std::string_view(context_.node().op->name) == "RESHAPE") {
      const auto dims = context_.output(0).shape.dims();
      return {dims.begin(), dims.end()};
    }
    return file_ == nullptr ? std::vector<int64_t>() : file_->Ints(slot);
  }
  int version() const override { return file_ == nullptr ? 1 : file_->version(); }

 private:
  const OpContext context_;
  const AttrReader* file_;  // may be null
};

ExternalNode DescribeNode(const Graph& graph, const Node& node) {
  ExternalNode shown;
  shown.inputs.assign(node.inputs.begin(), node.inputs.end());
  shown.outputs.assign(node.outputs.begin(), node.outputs.end());
  const OpDef& op = *node.op;
  const bool has_options = op.read == nullptr || node.file_options != nullptr;
  if (op.tflite_code == kNone || !host::KnowsOptions(op) || !has_options) {
    shown.op = host::kCustomOp;
    shown.custom_name = op.name;
    return shown;
  }
  const SessionOptionsReader options(OpContext(graph, node), node.file_options.get());
  shown.op = op.tflite_code;
  shown.version = options.version();
  shown.options = host::WriteBuiltinData(op.name, options);
  return shown;
}

}  // namespace

ExternalNetwork DescribeNetwork(const Graph& graph, int threads, bool float16_allowed) {
  ExternalNetwork network;
  network.threads = threads;
  network.float16_allowed = float16_allowed;
  for (const Value& value : graph.values) network.tensors.push_back(DescribeTensor(value));
  for (const Node& node : graph.nodes) {
    network.nodes.push_back(DescribeNode(graph, node));
    if (!HasDynamicShape(graph, node)) continue;
    for (ValueId output : node.outputs) network.tensors[static_cast<size_t>(output)].dynamic = true;
  }
  network.inputs.assign(graph.inputs.begin(), graph.inputs.end());
  network.outputs.assign(graph.outputs.begin(), graph.outputs.end());
  return network;
}

}  // namespace safelight
