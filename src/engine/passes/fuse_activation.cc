// SPDX-License-Identifier: Apache-2.0
//
// RELU and its kin, MINIMUM and MAXIMUM with a number become limits of the op before, whose results then need not be
// written and read once more; PRELU and LEAKY_RELU become slopes of a convolution. Limits move ahead of ops that only
// move elements (convolution, DEPTH_TO_SPACE, RELU).
// Same bits, but for NaN against MINIMUM and MAXIMUM: these give their number, limits give NaN; and for the sign of 0.
#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>

#include "engine/passes/passes.h"
#include "engine/passes/support/rewrite.h"
#include "ops/support/clamped.h"
#include "ops/support/spatial.h"
#include "ops/support/unary.h"

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

bool FuseLimit(Rewrite& graph, NodeId id) {
  const std::optional<Limit> limit = LimitOf(graph, id);
  if (!limit.has_value()) return false;
  const ValueId data = graph.node(id).inputs[limit->data];
  const NodeId host = FindHost(graph, data);
  if (host == kNone) return false;
  const auto* attrs = dynamic_cast<const ClampedAttrs*>(graph.node(host).attrs.get());
  if (attrs == nullptr) return false;
  graph.SetAttrs(host, attrs->With({limit->clamp(attrs->clamp.low), limit->clamp(attrs->clamp.high)}));
  graph.AddFileNodes(host, graph.node(id).file_nodes);
  graph.Replace(id, graph.Producer(data));
  return true;
}

// What x below 0 is multiplied by: one number, or one per channel; empty where `id` does no such thing.
std::vector<float> SlopesOf(const Rewrite& graph, NodeId id) {
  if (graph.Is(id, "LEAKY_RELU")) return {graph.context(id).attrs<LeakyReluAttrs>().alpha};
  if (!graph.Is(id, "PRELU")) return {};
  const Value& out = graph.value(graph.node(id).outputs[0]);
  const Value& slopes = graph.value(graph.node(id).inputs[1]);
  if (!(graph.value(graph.node(id).inputs[0]).shape == out.shape) || !slopes.is_constant()) return {};
  const int64_t count = slopes.shape.elements();
  const int rank = slopes.shape.rank();
  if (count != 1 && (rank == 0 || slopes.shape[rank - 1] != count)) return {};
  const float* numbers = reinterpret_cast<const float*>(slopes.constant);
  return std::vector<float>(numbers, numbers + count);
}

bool FuseSlopes(Rewrite& graph, NodeId id) {
  const std::vector<float> slopes = SlopesOf(graph, id);
  if (slopes.empty()) return false;
  const ValueId data = graph.node(id).inputs[0];
  const NodeId host = slopes.size() == 1 ? FindHost(graph, data) : graph.SoleProducer(data);
  if (host == kNone || (!graph.Is(host, "CONV_2D") && !graph.Is(host, "DEPTHWISE_CONV_2D"))) return false;
  SlidingAttrs attrs = graph.context(host).attrs<SlidingAttrs>();
  const bool limited = !std::isinf(attrs.clamp.low) || !std::isinf(attrs.clamp.high);
  if (limited || !attrs.tail.empty()) return false;
  const int64_t channels = graph.value(graph.node(host).outputs[0]).shape[3];
  Tensor all(DType::kFloat32, Shape({channels}));
  for (int64_t c = 0; c < channels; ++c) all.data<float>()[c] = slopes[slopes.size() == 1 ? 0 : c];
  graph.AddFileNodes(host, graph.node(id).file_nodes);
  graph.Replace(id, graph.Producer(data));
  Node node = graph.node(host);
  node.inputs.resize(std::max<size_t>(node.inputs.size(), 3), kNone);
  attrs.tail.slopes = static_cast<int>(node.inputs.size());
  node.inputs.push_back(graph.AddConstant("slopes", std::move(all)));
  node.attrs = std::make_shared<SlidingAttrs>(attrs);
  graph.Set(host, std::move(node));
  return true;
}

}  // namespace

Status FuseActivation(Graph& original, std::vector<std::string>* notes) {
  Rewrite graph(original);
  int fused = 0;
  for (NodeId id = 0; id < static_cast<NodeId>(graph.num_nodes()); ++id) {
    if (graph.taken(id) || graph.node(id).outputs.size() != 1) continue;
    if (!IsFloat(graph.value(graph.node(id).outputs[0]))) continue;
    fused += FuseLimit(graph, id) || FuseSlopes(graph, id);
  }
  graph.Finish();
  if (fused > 0) notes->push_back(Cat(fused, " activations are done by the nodes before them"));
  return {};
}

}  // namespace safelight
