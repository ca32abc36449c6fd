// SPDX-License-Identifier: Apache-2.0
#include "formats/tflite/loose_network.h"

#include <algorithm>

#include "formats/tflite/container.h"
#include "formats/tflite/op_names.h"
#include "formats/tflite/options.h"
#include "formats/tflite/tensors.h"
#include "graph/infer.h"

namespace safelight {
namespace {

namespace format = tflite_format;

constexpr int kCustomCode = 32;

class LooseReader {
 public:
  LooseReader(const TfliteContainer& container, LooseNetwork* network)
      : container_(container), subgraph_(*container.model->subgraphs()->Get(0)), network_(*network) {}

  Status Read() {
    network_.subgraph_count = Count(container_.model->subgraphs());
    network_.graph.storage.push_back(container_.file);
    network_.computed.assign(static_cast<size_t>(Count(subgraph_.tensors())), false);
    SL_TRY(ReadPorts(subgraph_.inputs(), "input", &network_.graph.inputs));
    for (ValueId id : network_.graph.inputs) network_.computed[static_cast<size_t>(id)] = true;
    for (int n = 0; n < Count(subgraph_.operators()); ++n) {
      SL_TRY(ReadOperands(*subgraph_.operators()->Get(n)).With(Cat("node ", n)));
    }
    SL_TRY(ReadPorts(subgraph_.outputs(), "output", &network_.graph.outputs));
    SL_TRY(ReadTensors());
    for (int n = 0; n < Count(subgraph_.operators()); ++n) {
      LooseNode& node = network_.nodes[static_cast<size_t>(n)];
      SL_TRY(ReadOp(*subgraph_.operators()->Get(n), &node).With(Cat("node ", n)));
    }
    // Costs follow from shapes, which inference finds; it marks what it evaluates as constant, so it works on a copy.
    InferShapes();
    return {};
  }

 private:
  Status CheckTensor(int tensor) const {
    const int count = Count(subgraph_.tensors());
    if (tensor >= 0 && tensor < count) return {};
    return CorruptData("is tensor ", tensor, ", there are ", count);
  }

  Status ReadPorts(const flatbuffers::Vector<int32_t>* indices, const char* side, std::vector<ValueId>* ports) {
    SL_TRY(container_.budget->Take(sizeof(ValueId) * static_cast<uint64_t>(Count(indices))));
    for (int i = 0; i < Count(indices); ++i) {
      SL_TRY(CheckTensor(indices->Get(i)).With(Cat("graph ", side, ' ', i)));
      ports->push_back(indices->Get(i));
    }
    return {};
  }

  Status ReadOperands(const format::Operator& op) {
    SL_TRY(container_.budget->Take(sizeof(LooseNode) + 2 * sizeof(OptionsReader)));
    LooseNode node;
    SL_TRY(container_.budget->Take(sizeof(ValueId) * static_cast<uint64_t>(Count(op.inputs()) + Count(op.outputs()))));
    for (int i = 0; i < Count(op.inputs()); ++i) {
      const int tensor = op.inputs()->Get(i);
      if (tensor != -1) SL_TRY(CheckTensor(tensor).With(Cat("input ", i)));
      node.inputs.push_back(tensor == -1 ? kNone : tensor);
    }
    for (int i = 0; i < Count(op.outputs()); ++i) {
      const int tensor = op.outputs()->Get(i);
      SL_TRY(CheckTensor(tensor).With(Cat("output ", i)));
      if (network_.computed[static_cast<size_t>(tensor)]) {
        return CorruptData("output ", i, " is computed twice, or is an input of the network");
      }
      network_.computed[static_cast<size_t>(tensor)] = true;
      node.outputs.push_back(tensor);
    }
    network_.nodes.push_back(std::move(node));
    return {};
  }

  Status ReadTensors() {
    for (int t = 0; t < Count(subgraph_.tensors()); ++t) {
      const format::Tensor& tensor = *subgraph_.tensors()->Get(t);
      Result<Value> value =
          ReadTensor(container_, tensor, network_.computed[static_cast<size_t>(t)], &network_.graph.storage);
      if (!value.ok()) return value.status().With(Cat("tensor ", t, " '", Text(tensor.name()), "'"));
      value->file_tensor = t;
      network_.graph.AddValue(std::move(value).value());
    }
    return {};
  }

  Status ReadOp(const format::Operator& op, LooseNode* node) {
    const auto* codes = container_.model->operator_codes();
    if (op.opcode_index() >= static_cast<uint32_t>(Count(codes))) {
      return CorruptData("its op is number ", op.opcode_index(), " of the file's list, there are ", Count(codes));
    }
    const format::OperatorCode& code = *codes->Get(op.opcode_index());
    node->op = CodeOf(code) == kCustomCode ? "custom:" + Text(code.custom_code()) : BuiltinOpName(CodeOf(code));
    SL_TRY(container_.budget->Take(node->op.size()));
    node->known = CodeOf(code) == kCustomCode ? nullptr : FindOp(CodeOf(code));
    const auto* table = reinterpret_cast<const flatbuffers::Table*>(op.builtin_options());
    const int type = table == nullptr ? 0 : op.builtin_options_type();
    const int expected = OptionsTypeOf(CodeOf(code));
    const char* layout = type == 0 || (expected != 0 && type != expected) ? nullptr : OptionsLayout(type);
    if (layout == nullptr) table = nullptr;
    if (table != nullptr && !VerifyOptions(*container_.verifier, table, layout)) {
      return CorruptData("its options lie outside the file");
    }
    node->options = std::make_shared<OptionsReader>(table, layout, std::max(code.version(), 1));
    return {};
  }

  // Shapes and multiply-adds, node by node; one that does not fit keeps the shapes of the file.
  void InferShapes() {
    Graph graph = network_.graph;
    for (LooseNode& node : network_.nodes) {
      if (node.known == nullptr) continue;
      const Status status = InferOne(&graph, &node);
      if (!status.ok()) node.not_understood = status.message();
    }
    for (size_t v = 0; v < graph.values.size(); ++v) {
      network_.graph.values[v].shape = graph.values[v].shape;
    }
  }

  static Status CheckOperand(const Value& value) {
    if (value.dtype == DType::kString || value.dtype == DType::kResource || value.dtype == DType::kVariant) {
      return Unsupported("'", value.name, "' is a ", DTypeName(value.dtype));
    }
    return CheckShape(value);
  }

  static Status InferOne(Graph* graph, LooseNode* loose) {
    const OpDef& op = *loose->known;
    const int inputs = static_cast<int>(loose->inputs.size()), outputs = static_cast<int>(loose->outputs.size());
    if (inputs < op.min_inputs || (op.max_inputs != OpDef::kVariadic && inputs > op.max_inputs)) {
      return InvalidArgument(inputs, " inputs, must be ", op.min_inputs, " to ", op.max_inputs);
    }
    if (outputs == 0 || (op.outputs != OpDef::kVariadic && outputs != op.outputs)) {
      return InvalidArgument(outputs, " outputs, must be ", op.outputs);
    }
    for (int i = 0; i < op.min_inputs; ++i) {
      if (loose->inputs[static_cast<size_t>(i)] == kNone)
        return InvalidArgument("input ", i, " is left out but needed");
    }
    for (ValueId id : loose->inputs) {
      if (id != kNone) SL_TRY(CheckOperand(graph->values[static_cast<size_t>(id)]));
    }
    for (ValueId id : loose->outputs) {
      if (graph->values[static_cast<size_t>(id)].is_constant()) return InvalidArgument("an output is a constant");
    }
    Node node;
    node.op = &op;
    node.inputs = loose->inputs;
    node.outputs = loose->outputs;
    if (op.read != nullptr) {
      SL_ASSIGN(node.attrs, op.read(*loose->options));
    }
    const NodeId id = graph->AddNode(std::move(node));
    SL_TRY(InferNode(*graph, id));
    const OpContext context(*graph, graph->nodes[static_cast<size_t>(id)]);
    loose->dynamic = HasDynamicShape(*graph, context.node());
    if (op.cost != nullptr) loose->macs = op.cost(context).macs;
    return {};
  }

  const TfliteContainer& container_;
  const format::SubGraph& subgraph_;
  LooseNetwork& network_;
};

}  // namespace

Result<LooseNetwork> ReadLoosely(const std::shared_ptr<const MappedFile>& file) {
  flatbuffers::Verifier verifier = VerifierOf(*file);
  SL_ASSIGN(const format::Model* model, OpenContainer(*file, &verifier));
  ReadBudget budget(file->bytes().size());
  const TfliteContainer container{file, model, &verifier, &budget};
  LooseNetwork network;
  SL_TRY(LooseReader(container, &network).Read());
  return network;
}

}  // namespace safelight
