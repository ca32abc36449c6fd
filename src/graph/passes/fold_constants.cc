// SPDX-License-Identifier: Apache-2.0
#include "graph/infer.h"
#include "graph/op_def.h"
#include "graph/passes/passes.h"

namespace safelight {
namespace {

// int4 weights become eight times larger as floats; a hostile FILL or TILE would grow without end.
constexpr int64_t kMaxGrowth = 8;
constexpr int64_t kAlwaysAllowedBytes = 64 * 1024;

bool CanFold(const Graph& graph, const Node& node) {
  int64_t in_bytes = 0, out_bytes = 0;
  for (ValueId input : node.inputs) {
    if (input == kNone) continue;
    const Value& value = graph.values[input];
    if (!value.is_constant()) return false;
    in_bytes += TensorBytes(value.dtype, value.shape);
  }
  for (ValueId output : node.outputs) {
    const Value& value = graph.values[output];
    if (value.is_constant()) return false;
    if (DTypeSize(value.dtype) == 0) return false;
    out_bytes += TensorBytes(value.dtype, value.shape);
  }
  return out_bytes <= kMaxGrowth * in_bytes + kAlwaysAllowedBytes;
}

}  // namespace

Status FoldConstants(Graph& graph) {
  bool shapes_change = false;
  for (size_t id = 0; id < graph.nodes.size(); ++id) {
    const Node& node = graph.nodes[id];
    // What decides its sizes may have become a constant just now; then all behind it may have other sizes too.
    const bool decided = node.op->shape_decided_by != kNone && !HasDynamicShape(graph, node);
    shapes_change = shapes_change || decided;
    if (shapes_change && !graph.values[node.outputs[0]].is_constant()) {
      SL_TRY(InferNode(graph, static_cast<NodeId>(id)).With(NodeLabel(graph, node)));
    }
    if (!CanFold(graph, node)) continue;
    // What has no reference for its type stays a node and is refused, with its name, when prepared.
    (void)EvaluateNode(graph, static_cast<NodeId>(id)).ok();
  }
  return {};
}

}  // namespace safelight
