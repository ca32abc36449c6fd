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

namespace safelight {
namespace {

class Builder {
 public:
  explicit Builder(const IntegerTask& task)
      : task_(task), int16_(task.options.type == QuantizeType::k16x8), clean_(task.clean), network_(&clean_) {}

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
  std::string WhyFloat(int n) const {
    const IntegerOp* op = FindIntegerOp(network_.Op(n));
    const FileNode& node = network_.node(n);
    if (op == nullptr) return "TFLite has no integer form of this op";
    if ((int16_ ? op->int16_version : op->int8_version) == 0) return "TFLite has no int16 form of this op";
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

  void Choose() {
    integer_.assign(network_.main().nodes.size(), false);
    why_.resize(integer_.size());
    for (int n = 0; n < network_.num_nodes(); ++n) {
      if (!HasValues(n)) continue;
      why_[static_cast<size_t>(n)] = WhyFloat(n);
      integer_[static_cast<size_t>(n)] = why_[static_cast<size_t>(n)].empty();
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

  // Ops that only move elements between ops of floats stay with them.
  void LeaveIslands() {
    const auto is_float_node = [&](int n) { return n >= 0 && !integer_[static_cast<size_t>(n)]; };
    for (bool changed = true; changed;) {
      changed = false;
      for (int n = 0; n < network_.num_nodes(); ++n) {
        if (!integer_[static_cast<size_t>(n)] || !OnlyMoves(network_.Op(n))) continue;
        const FileNode& node = network_.node(n);
        bool alone = is_float_node(network_.producer(node.inputs[0])) && !network_.is_output(node.outputs[0]);
        for (int m = 0; m < network_.num_nodes() && alone; ++m) {
          const FileList<int32_t>& inputs = network_.node(m).inputs;
          const bool reads = std::find(inputs.begin(), inputs.end(), node.outputs[0]) != inputs.end();
          alone = !reads || is_float_node(m);
        }
        if (!alone) continue;
        integer_[static_cast<size_t>(n)] = false;
        changed = true;
      }
    }
  }

  Result<IntegerNetwork> Rewrite() {
    IntegerNetwork result;
    result.tree = clean_;
    FileNetwork network(&result.tree);
    Absorbed absorbed = AbsorbLimits(integer_, int16_, &network);
    std::vector<bool> integer = integer_;
    for (size_t n = 0; n < integer.size(); ++n) integer[n] = integer[n] && !absorbed.gone[n];
    ScaleTask scales{network,
                     integer,
                     int16_,
                     task_.options,
                     [&](int t) {
                       const auto as = absorbed.seen_as.find(t);
                       return as == absorbed.seen_as.end() ? task_.calibration.OfTensor(t)
                                                           : task_.calibration.OfTensor(as->second);
                     },
                     task_.whole,
                     task_.limits,
                     task_.alike};
    for (const auto& [t, limits] : absorbed.limits) scales.limits[t] = limits;
    const RewriteTask rewrite{integer, absorbed.gone, PlanScales(scales), int16_, task_.options, task_.calibration};
    SL_ASSIGN(origin_, RewriteIntegers(rewrite, &network));
    network.Sweep(std::vector<bool>(network.main().nodes.size(), false));
    return result;
  }

  // The first node that the engine does not run as it was written, which becomes float; nothing when all is well.
  Result<std::optional<int>> FindRefused(const FileTree& tree) {
    SL_ASSIGN(const std::vector<std::byte> bytes, WriteTflite(tree));
    SL_ASSIGN(TfliteFile file, ReadTflite(MappedFile::FromCopy(bytes)));
    SL_TRY(Infer(file.graph));
    for (const Node& node : file.graph.nodes) {
      const int number = node.file_nodes.empty() ? -1 : node.file_nodes[0];
      const int origin = number < 0 ? -1 : origin_[static_cast<size_t>(number)];
      if (origin < 0 || !integer_[static_cast<size_t>(origin)] || node.op->prepare == nullptr) continue;
      const Status status = node.op->prepare(OpContext(file.graph, node), {}).status();
      if (status.ok()) continue;
      integer_[static_cast<size_t>(origin)] = false;
      why_[static_cast<size_t>(origin)] = status.message();
      return std::optional<int>(origin);
    }
    return std::optional<int>();
  }

  void Describe(IntegerNetwork* result) const {
    for (int n = 0; n < network_.num_nodes(); ++n) {
      if (!HasValues(n)) continue;
      ++(integer_[static_cast<size_t>(n)] ? result->integer_nodes : result->float_nodes);
      if (why_[static_cast<size_t>(n)].empty()) continue;
      result->notes.push_back(Cat(network_.Label(n, n), " stays float: ", why_[static_cast<size_t>(n)]));
    }
  }

  const IntegerTask& task_;
  const bool int16_;
  FileTree clean_;
  FileNetwork network_;
  std::vector<bool> integer_;     // by node of the clean network
  std::vector<std::string> why_;  // a node is float; empty: it is not, or for no reason of its own
  std::vector<int> origin_;       // of each node of the last rewrite; -1: it is new
};

}  // namespace

Result<IntegerNetwork> MakeIntegerNetwork(const IntegerTask& task) { return Builder(task).Build(); }

}  // namespace safelight
