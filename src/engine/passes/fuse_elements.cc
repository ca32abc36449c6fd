// SPDX-License-Identifier: Apache-2.0
//
// Ops that work element by element and whose results only each other read become one ELEMENT_CHAIN: one pass over a
// row instead of one for each, and no rings between them. Same bits.
#include <algorithm>
#include <utility>

#include "engine/axes.h"
#include "engine/passes/passes.h"
#include "engine/passes/support/rewrite.h"
#include "engine/phases.h"
#include "ops/support/element_chain.h"

namespace safelight {
namespace {

class Chainer {
 public:
  Chainer(Graph& graph, const OpDef* op)
      : op_(op), axes_(AssignAxes(graph)), phase_(AssignPhases(graph, axes_).node_phase), graph_(graph) {}

  int Run() {
    int chains = 0;
    for (NodeId id = static_cast<NodeId>(graph_.num_nodes()); id-- > 0;) chains += Chain(id);
    graph_.Finish();
    return chains;
  }

 private:
  // What a chain would be: its nodes in running order, its inputs and steps.
  struct Parts {
    std::vector<NodeId> nodes;
    std::vector<ValueId> inputs;
    ElementChainAttrs attrs;
  };

  ValueId OutputOf(NodeId id) const { return graph_.node(id).outputs[0]; }

  bool IsElement(NodeId id) const {
    return id != kNone && !graph_.taken(id) && graph_.node(id).op->element != nullptr &&
           graph_.node(id).outputs.size() == 1 && DTypeSize(graph_.value(OutputOf(id)).dtype) > 0;
  }

  // Node `id` could make its result within the chain that ends in `last`: a value of the same shape and place.
  bool Fits(NodeId id, NodeId last) const {
    if (!IsElement(id) || phase_[id] != phase_[last]) return false;
    const ValueAxes &own = axes_.values[OutputOf(id)], &other = axes_.values[OutputOf(last)];
    return own.row == other.row && own.col == other.col &&
           graph_.value(OutputOf(id)).shape == graph_.value(OutputOf(last)).shape;
  }

  // Only nodes of `nodes` read the value.
  bool IsInner(ValueId value, const std::vector<NodeId>& nodes) const {
    int readers = 0;
    for (NodeId id : nodes) {
      const std::vector<ValueId>& inputs = graph_.node(id).inputs;
      readers += static_cast<int>(std::count(inputs.begin(), inputs.end(), value));
    }
    return readers == graph_.readers(value);
  }

  // False where the chain would have too many inputs or too many values at a time.
  bool MakeParts(std::vector<NodeId> nodes, Parts* parts) const {
    std::sort(nodes.begin(), nodes.end());
    parts->inputs.clear();
    parts->attrs = ElementChainAttrs();
    std::vector<std::vector<int>> reads;
    for (NodeId id : nodes) {
      reads.emplace_back();
      for (ValueId input : graph_.node(id).inputs) {
        const auto inner = std::find(nodes.begin(), nodes.end(), graph_.Producer(input));
        if (inner != nodes.end()) {
          reads.back().push_back(~static_cast<int>(inner - nodes.begin()));
          continue;
        }
        const auto found = std::find(parts->inputs.begin(), parts->inputs.end(), input);
        reads.back().push_back(static_cast<int>(found - parts->inputs.begin()));
        if (found == parts->inputs.end()) parts->inputs.push_back(input);
      }
      const Result<ElementFunction> fast = graph_.node(id).op->element(graph_.context(id), /*plain=*/false);
      const Result<ElementFunction> plain = graph_.node(id).op->element(graph_.context(id), /*plain=*/true);
      if (!fast.ok() || !plain.ok() || reads.back().size() > kMaxElementOperands) return false;
      parts->attrs.steps.push_back({.function = *fast, .plain = *plain});
    }
    if (parts->inputs.size() > kMaxElementInputs) return false;
    for (size_t k = 0; k < parts->inputs.size(); ++k) {
      parts->attrs.input_bytes[k] = DTypeSize(graph_.value(parts->inputs[k]).dtype);
    }
    parts->attrs.dtype = graph_.value(OutputOf(nodes.back())).dtype;
    parts->nodes = std::move(nodes);
    return AssignChainSlots(reads, &parts->attrs.steps);
  }

  // The longest chain that ends in `last`.
  bool Chain(NodeId last) {
    if (!IsElement(last)) return false;
    Parts parts;
    if (!MakeParts({last}, &parts)) return false;
    for (bool grown = true; grown;) {
      grown = false;
      for (ValueId input : parts.inputs) {
        const NodeId maker = graph_.Producer(input);
        if (maker == kNone || !Fits(maker, last) || !IsInner(input, parts.nodes)) continue;
        std::vector<NodeId> more = parts.nodes;
        more.push_back(maker);
        Parts longer;
        if (!MakeParts(std::move(more), &longer)) continue;
        parts = std::move(longer);
        grown = true;
        break;
      }
    }
    if (parts.nodes.size() < 2) return false;
    Node chain{op_, std::make_shared<ElementChainAttrs>(std::move(parts.attrs)), std::move(parts.inputs), {}, {}};
    chain.outputs = graph_.node(last).outputs;
    std::vector<int> file_nodes;
    for (NodeId id : parts.nodes) {
      const std::vector<int>& more = graph_.node(id).file_nodes;
      file_nodes.insert(file_nodes.end(), more.begin(), more.end());
      graph_.Take(id);
    }
    graph_.Set(last, std::move(chain));
    graph_.AddFileNodes(last, file_nodes);
    return true;
  }

  const OpDef* const op_;
  const AxisPlan axes_;
  const std::vector<int> phase_;
  Rewrite graph_;
};

}  // namespace

Status FuseElements(Graph& graph, std::vector<std::string>* notes) {
  const OpDef* op = FindOp("ELEMENT_CHAIN");
  if (op == nullptr) return Internal("op ELEMENT_CHAIN is missing");
  const size_t before = graph.nodes.size();
  const int chains = Chainer(graph, op).Run();
  if (chains > 0) {
    notes->push_back(Cat(before - graph.nodes.size() + static_cast<size_t>(chains),
                         " ops that work element by element in ", chains, " chains"));
  }
  return {};
}

}  // namespace safelight
