// SPDX-License-Identifier: Apache-2.0
#include "quantize/integer_network.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "formats/tflite/reader.h"
#include "formats/tflite/writer.h"
#include "graph/infer.h"
#include "graph/op_def.h"
#include "quantize/absorb_limits.h"
#include "quantize/clean_up.h"
#include "quantize/integer_rewrite.h"
#include "quantize/small_weights.h"

namespace safelight {
namespace {

class Builder {
 public:
  explicit Builder(const IntegerTask& task) : task_(task), clean_(task.clean), network_(&clean_) {}

  Result<IntegerNetwork> Build() {
    Choose();
    SL_TRY(CheckOnly());
    // Nodes that the engine turns down become floats; then scales are chosen anew.
    for (;;) {
      LeaveIslands();
      SL_ASSIGN(IntegerNetwork result, Rewrite());
      SL_ASSIGN(const std::optional<int> refused, FindRefused(result.tree));
      if (!refused.has_value()) {
        Describe(&result);
        return result;
      }
      SL_TRY(CheckOnly());
    }
  }

 private:
  bool HasValues(int n) const {
    const FileNode& node = network_.node(n);
    const auto is_value = [&](int t) { return network_.is_float(t) && !network_.is_constant(t); };
    return std::any_of(node.inputs.begin(), node.inputs.end(), is_value) ||
           std::any_of(node.outputs.begin(), node.outputs.end(), is_value);
  }

  // Why a node has no integer form; empty when it has one.
  std::string WhyFloat(int n, NodeForm form) const {
    const IntegerOp* op = FindIntegerOp(network_.Op(n));
    const FileNode& node = network_.node(n);
    if (op == nullptr) return "TFLite has no integer form of this op";
    if ((form == NodeForm::kInt16 ? op->int16_version : op->int8_version) == 0)
      return "TFLite has no int16 form of this op";
    if (const WeightedOp* weighted = FindWeightedOp(op->name)) {
      const int weights = node.inputs[static_cast<size_t>(weighted->weights)];
      if (!network_.is_float(weights) || !network_.is_constant(weights)) return "its weights are computed";
      const auto bias = static_cast<size_t>(weighted->bias);
      if (node.inputs.size() > bias && node.inputs[bias] >= 0 && !network_.is_constant(node.inputs[bias])) {
        return "its bias is computed";
      }
    }
    std::vector<int> values(node.outputs.begin(), node.outputs.end());
    for (const int i : ValueInputs(network_, n)) values.push_back(node.inputs[static_cast<size_t>(i)]);
    for (const int t : values) {
      if (!network_.is_float(t) || network_.is_constant(t) || task_.calibration.OfTensor(t) != nullptr) continue;
      return Cat("'", network_.tensor(t).name, "' was not seen on the pictures");
    }
    return "";
  }

  NodeForm Wanted(int n) const {
    if (!task_.forms.empty()) return task_.forms[static_cast<size_t>(n)];
    return task_.options.type == QuantizeType::k16x8 ? NodeForm::kInt16 : NodeForm::kInt8;
  }

  void Choose() {
    forms_.assign(network_.main().nodes.size(), NodeForm::kFloat);
    why_.resize(forms_.size());
    for (int n = 0; n < network_.num_nodes(); ++n) {
      if (!HasValues(n) || Wanted(n) == NodeForm::kFloat) continue;
      std::string& why = why_[static_cast<size_t>(n)];
      why = WhyFloat(n, Wanted(n));
      if (why.empty()) forms_[static_cast<size_t>(n)] = Wanted(n);
    }
  }

  Status CheckOnly() const {
    if (task_.options.type != QuantizeType::kInt8Only) return {};
    for (int n = 0; n < network_.num_nodes(); ++n) {
      if (why_[static_cast<size_t>(n)].empty()) continue;
      return Unsupported(network_.Label(n, n), ": ", why_[static_cast<size_t>(n)],
                         "; with --type int8 it would stay float");
    }
    return {};
  }

  bool IsFloatNode(int n) const { return forms_[static_cast<size_t>(n)] == NodeForm::kFloat; }

  // Ops that only move elements between ops of floats stay with them.
  void LeaveIslands() {
    const auto is_float_node = [&](int n) { return n >= 0 && IsFloatNode(n); };
    for (bool changed = true; changed;) {
      changed = false;
      for (int n = 0; n < network_.num_nodes(); ++n) {
        if (IsFloatNode(n) || !OnlyMoves(network_.Op(n))) continue;
        const FileNode& node = network_.node(n);
        bool alone = is_float_node(network_.producer(node.inputs[0])) && !network_.is_output(node.outputs[0]);
        for (int m = 0; m < network_.num_nodes() && alone; ++m) {
          const FileList<int32_t>& inputs = network_.node(m).inputs;
          const bool reads = std::find(inputs.begin(), inputs.end(), node.outputs[0]) != inputs.end();
          alone = !reads || is_float_node(m);
        }
        if (!alone) continue;
        forms_[static_cast<size_t>(n)] = NodeForm::kFloat;
        changed = true;
      }
    }
  }

  Result<IntegerNetwork> Rewrite() {
    IntegerNetwork result;
    result.tree = clean_;
    FileNetwork network(&result.tree);
    const Absorbed absorbed = AbsorbLimits(forms_, &network);
    std::vector<NodeForm> forms = forms_;
    for (size_t n = 0; n < forms.size(); ++n) {
      if (absorbed.gone[n]) forms[n] = NodeForm::kFloat;
    }
    const RewriteTask rewrite{forms,
                              absorbed.gone,
                              ScalesOf(NodeForm::kInt8, forms, absorbed, network),
                              ScalesOf(NodeForm::kInt16, forms, absorbed, network),
                              task_.options,
                              task_.calibration,
                              task_.moments};
    SL_ASSIGN(origin_, RewriteIntegers(rewrite, &network));
    if (!task_.halves.empty()) StoreHalfWeights(&network);
    network.Sweep(std::vector<bool>(network.main().nodes.size(), false));
    return result;
  }

  std::vector<ScaleChoice> ScalesOf(NodeForm form, const std::vector<NodeForm>& forms, const Absorbed& absorbed,
                                    const FileNetwork& network) const {
    const auto stats = [&](int t) {
      const auto as = absorbed.seen_as.find(t);
      return task_.calibration.OfTensor(as == absorbed.seen_as.end() ? t : as->second);
    };
    ScaleTask scales{network, forms, form, task_.options, stats, task_.whole, task_.limits, task_.alike};
    for (const auto& [t, limits] : absorbed.limits) scales.limits[t] = limits;
    return PlanScales(scales);
  }

  // Constants of the float nodes that are to have float16 weights.
  void StoreHalfWeights(FileNetwork* network) {
    std::vector<bool> wanted(static_cast<size_t>(network->num_tensors()), false), others = wanted;
    for (size_t n = 0; n < origin_.size(); ++n) {
      const int origin = origin_[n];
      const bool half = origin >= 0 && IsFloatNode(origin) && task_.halves[static_cast<size_t>(origin)];
      for (const int t : network->node(static_cast<int>(n)).inputs) {
        if (t >= 0) (half ? wanted : others)[static_cast<size_t>(t)] = true;
      }
    }
    for (size_t t = 0; t < wanted.size(); ++t) wanted[t] = wanted[t] && !others[t];
    std::vector<std::string> notes;  // of numbers that do not fit: the constant stays what it was
    const size_t made = StoreHalves(wanted, network, &notes);
    origin_.insert(origin_.begin(), made, -1);
  }

  // The first node that the engine does not run as it was written, which becomes float; nothing when all is well.
  Result<std::optional<int>> FindRefused(const FileTree& tree) {
    SL_ASSIGN(const std::vector<std::byte> bytes, WriteTflite(tree));
    SL_ASSIGN(TfliteFile file, ReadTflite(MappedFile::FromCopy(bytes)));
    SL_TRY(Infer(file.graph));
    for (const Node& node : file.graph.nodes) {
      const int number = node.file_nodes.empty() ? -1 : node.file_nodes[0];
      const int origin = number < 0 ? -1 : origin_[static_cast<size_t>(number)];
      if (origin < 0 || IsFloatNode(origin) || node.op->prepare == nullptr) continue;
      const Status status = node.op->prepare(OpContext(file.graph, node), {}).status();
      if (status.ok()) continue;
      forms_[static_cast<size_t>(origin)] = NodeForm::kFloat;
      why_[static_cast<size_t>(origin)] = status.message();
      return std::optional<int>(origin);
    }
    return std::optional<int>();
  }

  void Describe(IntegerNetwork* result) const {
    for (int n = 0; n < network_.num_nodes(); ++n) {
      if (!HasValues(n)) continue;
      ++(IsFloatNode(n) ? result->float_nodes : result->integer_nodes);
      if (why_[static_cast<size_t>(n)].empty()) continue;
      result->notes.push_back(Cat(network_.Label(n, n), " stays float: ", why_[static_cast<size_t>(n)]));
    }
  }

  const IntegerTask& task_;
  FileTree clean_;
  FileNetwork network_;
  std::vector<NodeForm> forms_;   // by node of the clean network
  std::vector<std::string> why_;  // a node is float; empty: it is not, or for no reason of its own
  std::vector<int> origin_;       // of each node of the last rewrite; -1: it is new
};

}  // namespace

Result<IntegerNetwork> MakeIntegerNetwork(const IntegerTask& task) { return Builder(task).Build(); }

}  // namespace safelight
