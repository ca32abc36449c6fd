// SPDX-License-Identifier: Apache-2.0
//
// A depthwise convolution whose results only a 1x1 convolution reads becomes one node with it: the values between them
// stay in the nearest cache and need no ring. Same bits.
#include "engine/passes/passes.h"
#include "engine/passes/support/rewrite.h"
#include "ops/support/separable.h"

namespace safelight {
namespace {

bool AreConstant(const OpContext& context, std::initializer_list<int> inputs) {
  for (int i : inputs) {
    if (context.has_input(i) && (!context.input(i).is_constant() || !IsFloat(context.input(i)))) return false;
  }
  return true;
}

bool IsPointwise(const Rewrite& graph, NodeId id) {
  if (!graph.Is(id, "CONV_2D")) return false;
  const OpContext context = graph.context(id);
  const SlidingAttrs& attrs = context.attrs<SlidingAttrs>();
  const Shape &in = context.input(0).shape, &filter = context.input(1).shape, &out = context.output(0).shape;
  return IsFloat(context.input(0)) && AreConstant(context, {1, 2}) && filter[1] == 1 && filter[2] == 1 &&
         filter[3] == in[3] && attrs.stride_h == 1 && attrs.stride_w == 1 && out[1] == in[1] && out[2] == in[2];
}

bool IsDepthwise(const Rewrite& graph, NodeId id) {
  if (id == kNone || !graph.Is(id, "DEPTHWISE_CONV_2D")) return false;
  const OpContext context = graph.context(id);
  return IsFloat(context.input(0)) && AreConstant(context, {1, 2}) && context.attrs<SlidingAttrs>().tail.empty();
}

}  // namespace

Status PairSeparable(Graph& original, std::vector<std::string>* notes) {
  const OpDef* op = FindOp("SEPARABLE_CONV_2D");
  if (op == nullptr) return Internal("op SEPARABLE_CONV_2D is missing");
  Rewrite graph(original);
  int paired = 0;
  for (NodeId id = 0; id < static_cast<NodeId>(graph.num_nodes()); ++id) {
    if (!IsPointwise(graph, id)) continue;
    const NodeId first = graph.SoleProducer(graph.node(id).inputs[0]);
    if (!IsDepthwise(graph, first)) continue;
    const Node depthwise = graph.node(first), pointwise = graph.node(id);
    const auto input = [](const Node& node, size_t i) { return i < node.inputs.size() ? node.inputs[i] : kNone; };
    auto attrs = std::make_shared<SeparableAttrs>();
    attrs->depthwise = graph.context(first).attrs<SlidingAttrs>();
    attrs->clamp = graph.context(id).attrs<SlidingAttrs>().clamp;
    attrs->tail = graph.context(id).attrs<SlidingAttrs>().tail;
    Node both{op, nullptr, {}, pointwise.outputs, depthwise.file_nodes};
    both.inputs = {depthwise.inputs[0], depthwise.inputs[1], input(depthwise, 2), pointwise.inputs[1],
                   input(pointwise, 2)};
    for (int* extra : {&attrs->tail.residual, &attrs->tail.slopes}) {
      if (*extra == kNone) continue;
      both.inputs.push_back(pointwise.inputs[*extra]);
      *extra = static_cast<int>(both.inputs.size()) - 1;
    }
    both.attrs = attrs;
    graph.Take(first);
    graph.Set(id, std::move(both));
    graph.AddFileNodes(id, pointwise.file_nodes);
    ++paired;
  }
  graph.Finish();
  if (paired > 0) notes->push_back(Cat(paired, " depthwise convolutions are one with the 1x1 convolutions after them"));
  return {};
}

}  // namespace safelight
