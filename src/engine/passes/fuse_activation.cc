// SPDX-License-Identifier: Apache-2.0
//
// RELU and its kin, MINIMUM and MAXIMUM with a number become limits of the op before, whose results then need not be
// written and read once more. Limits move ahead of ops that only move elements (convolution, DEPTH_TO_SPACE, RELU).
// Same bits, but for NaN against MINIMUM and MAXIMUM: these give their number, limits give NaN.
#include <cmath>
#include <optional>
#include <utility>

#include "engine/passes/passes.h"
#include "engine/passes/support/rewrite.h"
#include "ops/support/clamped.h"

namespace safelight {
namespace {

using kernels::Clamp;

// What node `id` does to each element of input `data`, where that is a limit.
struct Limit {
  int data = 0;
  Clamp clamp;
};

std::optional<Limit> LimitOf(const Rewrite& graph, NodeId id) {
  constexpr std::pair<const char*, Clamp> kUnary[] = {
      {"RELU", {.low = 0}}, {"RELU6", {0, 6}}, {"RELU_N1_TO_1", {-1, 1}}, {"RELU_0_TO_1", {0, 1}}};
  for (const auto& [name, clamp] : kUnary) {
    if (graph.Is(id, name)) return Limit{0, clamp};
  }
  const bool most = graph.Is(id, "MINIMUM");
  if (!most && !graph.Is(id, "MAXIMUM")) return std::nullopt;
  const Node& node = graph.node(id);
  for (int data : {0, 1}) {
    const std::optional<float> number = ScalarOf(graph.value(node.inputs[1 - data]));
    if (!number.has_value() || std::isnan(*number)) continue;
    // The number must not widen the value.
    if (!(graph.value(node.inputs[data]).shape == graph.value(node.outputs[0]).shape)) continue;
    return Limit{data, most ? Clamp{.high = *number} : Clamp{.low = *number}};
  }
  return std::nullopt;
}

// The node whose results the limit may be applied to instead of `value`; kNone if there is none.
NodeId FindHost(const Rewrite& graph, ValueId value) {
  NodeId id = graph.SoleProducer(value);
  while (id != kNone && graph.node(id).op->selects) id = graph.SoleProducer(graph.node(id).inputs[0]);
  return id;
}

}  // namespace

Status FuseActivation(Graph& original, std::vector<std::string>* notes) {
  Rewrite graph(original);
  int fused = 0;
  for (NodeId id = 0; id < static_cast<NodeId>(graph.num_nodes()); ++id) {
    if (graph.taken(id) || graph.node(id).outputs.size() != 1 || !IsFloat(graph.value(graph.node(id).outputs[0])))
      continue;
    const std::optional<Limit> limit = LimitOf(graph, id);
    if (!limit.has_value()) continue;
    const ValueId data = graph.node(id).inputs[limit->data];
    const NodeId host = FindHost(graph, data);
    if (host == kNone) continue;
    const auto* attrs = dynamic_cast<const ClampedAttrs*>(graph.node(host).attrs.get());
    if (attrs == nullptr) continue;
    graph.SetAttrs(host, attrs->With({limit->clamp(attrs->clamp.low), limit->clamp(attrs->clamp.high)}));
    graph.AddFileNodes(host, graph.node(id).file_nodes);
    graph.Replace(id, graph.Producer(data));
    ++fused;
  }
  graph.Finish();
  if (fused > 0) notes->push_back(Cat(fused, " activations are limits of the nodes before them"));
  return {};
}

}  // namespace safelight
