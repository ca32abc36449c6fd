// SPDX-License-Identifier: Apache-2.0
#include "formats/tflite/subgraph.h"

#include <algorithm>
#include <string_view>

#include "formats/tflite/op_names.h"
#include "formats/tflite/options.h"
#include "formats/tflite/tensors.h"
#include "graph/op_def.h"

namespace safelight {
namespace {

namespace format = tflite_format;

constexpr int kCustomCode = 32, kDelegateCode = 51, kCompositeCode = 206;
constexpr int kCompositeOptions = 21;  // in BuiltinOptions2
constexpr int kMaxCompositeDepth = 8;
constexpr size_t kMaxVariableBytes = size_t{1} << 20;
// CALL, IF, WHILE, CALL_ONCE, STABLEHLO_WHILE, STABLEHLO_CASE
constexpr int kControlFlowCodes[] = {31, 118, 119, 129, 200, 209};
// HASHTABLE and its three, VAR_HANDLE, READ_VARIABLE, ASSIGN_VARIABLE
constexpr int kResourceCodes[] = {136, 137, 138, 139, 142, 143, 144};

// Why an op that is not in the list of ops cannot be run.
Status RefuseOp(int code) {
  if (std::count(std::begin(kControlFlowCodes), std::end(kControlFlowCodes), code) > 0) {
    return Unsupported("control flow, which safelight does not run");
  }
  if (std::count(std::begin(kResourceCodes), std::end(kResourceCodes), code) > 0) {
    return Unsupported("a resource that outlives the run, which safelight does not have");
  }
  if (code == kDelegateCode) return Unsupported("a node compiled for another engine");
  return Unsupported("this op is not in safelight (\"safelight ops\" lists those that are)");
}

Status CheckType(const Value& value) {
  if (value.dtype == DType::kString || value.dtype == DType::kResource || value.dtype == DType::kVariant) {
    return Unsupported("'", value.name, "' is a ", DTypeName(value.dtype), ", which safelight does not run");
  }
  return {};
}

class SubgraphReader {
 public:
  SubgraphReader(const TfliteContainer& container, const format::SubGraph& subgraph, Graph* graph)
      : container_(container), subgraph_(subgraph), graph_(*graph) {}

  // Adds all tensors as values; `bound` gives values for the inputs instead (a composite's).
  Status ReadTensors(const std::vector<ValueId>& bound) {
    const int count = Count(subgraph_.tensors());
    SL_TRY(container_.budget->Take((sizeof(ValueId) + 1) * static_cast<uint64_t>(count)));
    values_.assign(count, kNone);
    const bool is_main = bound.empty();
    if (!is_main && static_cast<int>(bound.size()) != Count(subgraph_.inputs())) {
      return CorruptData("a composite passes ", bound.size(), " inputs to a subgraph with ", Count(subgraph_.inputs()));
    }
    SL_ASSIGN(const std::vector<bool> computed, FindComputed());
    for (int i = 0; i < Count(subgraph_.inputs()) && !is_main; ++i) values_[subgraph_.inputs()->Get(i)] = bound[i];
    for (int t = 0; t < count; ++t) {
      if (values_[t] != kNone) continue;
      const format::Tensor& tensor = *subgraph_.tensors()->Get(t);
      Result<Value> value = ReadTensor(container_, tensor, computed[t], &graph_.storage);
      if (!value.ok()) return value.status().With(Cat("tensor ", t, " '", Text(tensor.name()), "'"));
      if (is_main) value->file_tensor = t;
      values_[t] = graph_.AddValue(std::move(value).value());
    }
    return {};
  }

  // `file_node`: the composite that the nodes stand for; kNone in the main subgraph.
  Status ReadNodes(int depth, int file_node) {
    for (int n = 0; n < Count(subgraph_.operators()); ++n) {
      const format::Operator& op = *subgraph_.operators()->Get(n);
      const int number = file_node == kNone ? n : file_node;
      Status status = ReadNode(op, depth, number);
      if (!status.ok()) return status.With(Place(op, number));
    }
    return {};
  }

  Result<std::vector<ValueId>> Ports(const flatbuffers::Vector<int32_t>* indices, const char* side) const {
    SL_TRY(container_.budget->Take(sizeof(ValueId) * static_cast<uint64_t>(Count(indices))));
    std::vector<ValueId> ports;
    for (int i = 0; i < Count(indices); ++i) {
      SL_TRY(CheckTensor(indices->Get(i)).With(Cat("graph ", side, ' ', i)));
      ports.push_back(values_[indices->Get(i)]);
    }
    return ports;
  }

 private:
  Status CheckTensor(int tensor) const {
    const int count = Count(subgraph_.tensors());
    if (tensor >= 0 && tensor < count) return {};
    return CorruptData("is tensor ", tensor, ", there are ", count);
  }

  // Which tensors are inputs or some node's output.
  Result<std::vector<bool>> FindComputed() const {
    std::vector<bool> computed(Count(subgraph_.tensors()), false);
    for (int i = 0; i < Count(subgraph_.inputs()); ++i) {
      SL_TRY(CheckTensor(subgraph_.inputs()->Get(i)).With(Cat("graph input ", i)));
      computed[subgraph_.inputs()->Get(i)] = true;
    }
    for (int n = 0; n < Count(subgraph_.operators()); ++n) {
      const auto* outputs = subgraph_.operators()->Get(n)->outputs();
      SL_TRY(container_.budget->Take(sizeof(int) * static_cast<uint64_t>(Count(outputs))));
      for (int i = 0; i < Count(outputs); ++i) {
        if (CheckTensor(outputs->Get(i)).ok()) computed[outputs->Get(i)] = true;
      }
    }
    return computed;
  }

  std::string Place(const format::Operator& op, int number) const {
    std::string place = Cat("node ", number);
    const auto* codes = container_.model->operator_codes();
    if (op.opcode_index() < static_cast<uint32_t>(Count(codes))) {
      const format::OperatorCode& code = *codes->Get(op.opcode_index());
      place += Cat(' ', BuiltinOpName(CodeOf(code)));
      if (CodeOf(code) == kCustomCode) place += Cat(" '", Text(code.custom_code()), "'");
    }
    if (Count(op.outputs()) > 0 && CheckTensor(op.outputs()->Get(0)).ok()) {
      const std::string& name = graph_.values[values_[op.outputs()->Get(0)]].name;
      if (!name.empty()) place += Cat(" '", name, "'");
    }
    return place;
  }

  Status ReadNode(const format::Operator& op, int depth, int number) {
    const auto* codes = container_.model->operator_codes();
    if (op.opcode_index() >= static_cast<uint32_t>(Count(codes))) {
      return CorruptData("its op is number ", op.opcode_index(), " of the file's list, there are ", Count(codes));
    }
    const format::OperatorCode& code = *codes->Get(op.opcode_index());
    SL_TRY(container_.budget->Take(sizeof(Node)));
    Node node;
    node.file_nodes = {number};
    SL_TRY(ReadOperands(op.inputs(), true, &node.inputs));
    SL_TRY(ReadOperands(op.outputs(), false, &node.outputs));
    if (CodeOf(code) == kCompositeCode) return InlineComposite(op, node, depth, number);
    if (CodeOf(code) == kCustomCode) {
      if (Text(code.custom_code()).starts_with("Flex")) {
        return Unsupported("a TensorFlow (Flex) op, which safelight does not run");
      }
      return Unsupported("a custom op, which safelight does not run");
    }
    node.op = FindOp(CodeOf(code));
    if (node.op == nullptr) return RefuseOp(CodeOf(code));
    for (ValueId id : node.inputs) {
      if (id != kNone) SL_TRY(CheckType(graph_.values[id]));
    }
    for (ValueId id : node.outputs) SL_TRY(CheckType(graph_.values[id]));
    SL_TRY(ReadOptions(op, code, &node));
    SL_TRY(ReadInnerQuants(op.intermediates(), &node));
    graph_.AddNode(std::move(node));
    return {};
  }

  Status ReadOperands(const flatbuffers::Vector<int32_t>* indices, bool inputs, std::vector<ValueId>* operands) {
    SL_TRY(container_.budget->Take(sizeof(ValueId) * static_cast<uint64_t>(Count(indices))));
    for (int i = 0; i < Count(indices); ++i) {
      const int tensor = indices->Get(i);
      if (tensor == -1 && inputs) {
        operands->push_back(kNone);
        continue;
      }
      SL_TRY(CheckTensor(tensor).With(Cat(inputs ? "input " : "output ", i)));
      const Value& value = graph_.values[values_[tensor]];
      if (!inputs && value.is_constant()) return CorruptData("output '", value.name, "' is a constant");
      if (!inputs && value.producer != kNone) return CorruptData("output '", value.name, "' is computed twice");
      operands->push_back(values_[tensor]);
    }
    return {};
  }

  // Intermediate tensors say in which units an op computes inside.
  Status ReadInnerQuants(const flatbuffers::Vector<int32_t>* indices, Node* node) {
    for (int i = 0; i < Count(indices); ++i) {
      SL_TRY(CheckTensor(indices->Get(i)).With(Cat("intermediate value ", i)));
      const QuantParams& quant = graph_.values[values_[indices->Get(i)]].quant;
      SL_TRY(container_.budget->Take(sizeof(QuantParams) + quant.scales.size() * (sizeof(float) + sizeof(int64_t))));
      node->inner_quants.push_back(quant);
    }
    return {};
  }

  Status ReadOptions(const format::Operator& op, const format::OperatorCode& code, Node* node) {
    const int version = std::max(code.version(), 1);
    if (node->op->read == nullptr) {
      node->file_options = std::make_shared<OptionsReader>(nullptr, nullptr, version);
      return {};
    }
    const auto* table = reinterpret_cast<const flatbuffers::Table*>(op.builtin_options());
    const int type = table == nullptr ? 0 : op.builtin_options_type();
    const int expected = OptionsTypeOf(CodeOf(code));
    if (type != 0 && expected != 0 && type != expected) {
      return CorruptData("its options are those of another op (table ", type, ", must be ", expected, ")");
    }
    const char* layout = type == 0 ? nullptr : OptionsLayout(type);
    if (layout == nullptr) table = nullptr;
    if (table != nullptr && !VerifyOptions(*container_.verifier, table, layout)) {
      return CorruptData("its options lie outside the file");
    }
    node->file_options = std::make_shared<OptionsReader>(table, layout, version);
    SL_ASSIGN(node->attrs, node->op->read(*node->file_options));
    return {};
  }

  Status InlineComposite(const format::Operator& op, const Node& node, int depth, int number) {
    const auto* table = reinterpret_cast<const flatbuffers::Table*>(op.builtin_options_2());
    const char* layout = OptionsLayout2(kCompositeOptions);
    if (op.builtin_options_2_type() != kCompositeOptions || table == nullptr ||
        !VerifyOptions(*container_.verifier, table, layout)) {
      return CorruptData("a composite without its options");
    }
    const int64_t index = OptionsReader(table, layout, 1).Int(1, -1);
    const auto* subgraphs = container_.model->subgraphs();
    if (index <= 0 || index >= Count(subgraphs)) {
      return CorruptData("its decomposition is subgraph ", index, ", there are ", Count(subgraphs));
    }
    if (depth >= kMaxCompositeDepth) return Unsupported("composites nested more than ", kMaxCompositeDepth, " deep");
    if (node.inputs.empty()) return CorruptData("a composite without inputs");
    if (std::count(node.inputs.begin(), node.inputs.end(), kNone) > 0) {
      return Unsupported("a composite with an input left out");
    }
    const format::SubGraph& inner = *subgraphs->Get(static_cast<flatbuffers::uoffset_t>(index));
    SubgraphReader reader(container_, inner, &graph_);
    SL_TRY(reader.ReadTensors(node.inputs));
    SL_TRY(reader.ReadNodes(depth + 1, number));
    SL_ASSIGN(const std::vector<ValueId> results, reader.Ports(inner.outputs(), "output"));
    if (results.size() != node.outputs.size()) {
      return CorruptData("a composite with ", node.outputs.size(), " outputs, its decomposition has ", results.size());
    }
    // The composite's outputs are copies, so that later nodes may go on reading the values they name.
    const OpDef* copy = FindOp("COPY");
    for (size_t i = 0; i < results.size(); ++i) {
      graph_.AddNode(Node{copy, nullptr, {results[i]}, {node.outputs[i]}, {number}});
    }
    return {};
  }

  const TfliteContainer& container_;
  const format::SubGraph& subgraph_;
  Graph& graph_;
  std::vector<ValueId> values_;  // by tensor
};

Status CheckPorts(const Graph& graph) {
  if (graph.outputs.empty()) return CorruptData("the network has no outputs");
  std::vector<bool> seen(graph.values.size(), false);
  for (ValueId id : graph.inputs) {
    SL_TRY(CheckType(graph.values[id]).With("graph input"));
    if (seen[id]) return CorruptData("graph input '", graph.values[id].name, "' is listed twice");
    seen[id] = true;
  }
  for (ValueId id : graph.outputs) SL_TRY(CheckType(graph.values[id]).With("graph output"));
  return {};
}

}  // namespace

Result<Graph> ReadMainSubgraph(const TfliteContainer& container) {
  const format::SubGraph& subgraph = *container.model->subgraphs()->Get(0);
  Graph graph;
  graph.storage.push_back(container.file);
  SubgraphReader reader(container, subgraph, &graph);
  SL_TRY(reader.ReadTensors({}));
  SL_ASSIGN(graph.inputs, reader.Ports(subgraph.inputs(), "input"));
  SL_TRY(reader.ReadNodes(0, kNone));
  SL_ASSIGN(graph.outputs, reader.Ports(subgraph.outputs(), "output"));
  SL_TRY(CheckPorts(graph));
  return graph;
}

}  // namespace safelight
