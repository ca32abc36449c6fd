// SPDX-License-Identifier: Apache-2.0
//
// Convolutions of float values with integer weights, as LiteRT runs them: the lowest and the highest value of each
// batch item are found first, over all of the picture, the values become 8-bit integers by that range, and sums are
// exact. A range is a barrier; it streams as reductions do, and convolutions of the same value share it.
#include <map>
#include <utility>

#include "engine/passes/passes.h"
#include "graph/op_def.h"
#include "ops/support/dynamic.h"
#include "ops/support/reduce.h"

namespace safelight {
namespace {

class Converter {
 public:
  explicit Converter(Graph& graph) : graph_(graph) {}

  // How many convolutions were changed.
  Result<int> Run() {
    const std::vector<Node> before = std::move(graph_.nodes);
    int changed = 0;
    for (const Node& node : before) {
      const std::string_view name = node.op->name;
      const bool depthwise = name == "DEPTHWISE_CONV_2D";
      if ((!depthwise && name != "CONV_2D") || !IsDynamic(OpContext(graph_, node))) {
        nodes_.push_back(node);
        continue;
      }
      const Status status = Convert(node, depthwise);
      if (!status.ok()) return status.With(NodeLabel(graph_, node));
      ++changed;
    }
    graph_.nodes = std::move(nodes_);
    graph_.LinkProducers();
    return changed;
  }

 private:
  Status Convert(const Node& node, bool depthwise) {
    const OpContext context(graph_, node);
    SL_TRY(CheckDynamicWeights(context.input(1), depthwise ? 3 : 0));
    SL_TRY(CheckDynamicBias(context, 2));
    const bool symmetric = IsSymmetricDynamic(context, depthwise);
    const bool biased = context.has_input(2);
    const Ends ends = EndsOf(node.inputs[0]);
    const ValueId quantized = Quantized(node.inputs[0], ends, symmetric);
    Node own{FindOp(depthwise ? "DYNAMIC_DEPTHWISE_CONV_2D" : "DYNAMIC_CONV_2D"),
             node.attrs,
             {quantized, node.inputs[1], ends.low, ends.high},
             node.outputs,
             node.file_nodes};
    if (biased) own.inputs.push_back(node.inputs[2]);
    nodes_.push_back(std::move(own));
    return {};
  }

  struct Ends {
    ValueId low = kNone, high = kNone;
  };

  // The lowest and the highest value of each batch item.
  Ends EndsOf(ValueId values) {
    const auto [found, is_new] = ends_.try_emplace(values);
    if (is_new) found->second = {Reduced(values, "REDUCE_MIN", " lowest"), Reduced(values, "REDUCE_MAX", " highest")};
    return found->second;
  }

  ValueId Reduced(ValueId values, const char* op, const char* suffix) {
    Tensor axes(DType::kInt32, {3});
    for (int32_t axis : {1, 2, 3}) axes.data<int32_t>()[axis - 1] = axis;
    Value result;
    result.name = graph_.values[values].name + suffix;
    result.shape = {graph_.values[values].shape[0]};
    const ValueId id = graph_.AddValue(std::move(result));
    const ValueId over = graph_.AddConstant("axes", std::move(axes));
    nodes_.push_back(Node{FindOp(op), std::make_shared<ReduceAttrs>(), {values, over}, {id}, {}});
    return id;
  }

  ValueId Quantized(ValueId values, const Ends& ends, bool symmetric) {
    const auto [found, is_new] = quantized_.try_emplace({values, symmetric}, kNone);
    if (!is_new) return found->second;
    auto attrs = std::make_shared<DynamicQuantizeAttrs>();
    attrs->symmetric = symmetric;
    Value result;
    result.name = graph_.values[values].name + " quantized";
    result.dtype = DType::kInt16;
    result.shape = graph_.values[values].shape;
    found->second = graph_.AddValue(std::move(result));
    nodes_.push_back(
        Node{FindOp("DYNAMIC_QUANTIZE"), std::move(attrs), {values, ends.low, ends.high}, {found->second}, {}});
    return found->second;
  }

  Graph& graph_;
  std::vector<Node> nodes_;
  std::map<ValueId, Ends> ends_;
  std::map<std::pair<ValueId, bool>, ValueId> quantized_;
};

}  // namespace

Status DynamicRanges(Graph& graph, std::vector<std::string>* notes) {
  SL_ASSIGN(const int changed, Converter(graph).Run());
  if (changed > 0) {
    notes->push_back(Cat(changed,
                         " convolutions have float values and integer weights: each waits for the range of its whole "
                         "input, which is then quantized by it (fast arithmetic takes float weights instead)"));
  }
  return {};
}

}  // namespace safelight
