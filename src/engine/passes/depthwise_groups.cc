// SPDX-License-Identifier: Apache-2.0
//
// A convolution with as many groups as input channels is a depthwise one, whose kernel makes all groups at once. Same
// sums in the same order.
#include "engine/passes/passes.h"
#include "engine/passes/support/rewrite.h"
#include "ops/support/spatial.h"

namespace safelight {
namespace {

bool IsGrouped(const Rewrite& graph, NodeId id) {
  if (!graph.Is(id, "CONV_2D")) return false;
  const OpContext context = graph.context(id);
  const Value& filter = context.input(1);
  return IsFloat(context.input(0)) && IsFloat(filter) && filter.is_constant() && filter.shape[3] == 1 &&
         context.input(0).shape[3] > 1;
}

// o h w 1 as 1 h w o.
Tensor DepthwiseFilter(const Value& filter) {
  const Shape& shape = filter.shape;
  const int64_t outputs = shape[0], taps = shape[1] * shape[2];
  Tensor tensor(DType::kFloat32, Shape({1, shape[1], shape[2], outputs}));
  const float* from = reinterpret_cast<const float*>(filter.constant);
  for (int64_t o = 0; o < outputs; ++o) {
    for (int64_t t = 0; t < taps; ++t) tensor.data<float>()[t * outputs + o] = from[o * taps + t];
  }
  return tensor;
}

}  // namespace

Status DepthwiseGroups(Graph& original, std::vector<std::string>* notes) {
  const OpDef* op = FindOp("DEPTHWISE_CONV_2D");
  if (op == nullptr) return Internal("op DEPTHWISE_CONV_2D is missing");
  Rewrite graph(original);
  int changed = 0;
  for (NodeId id = 0; id < static_cast<NodeId>(graph.num_nodes()); ++id) {
    if (!IsGrouped(graph, id)) continue;
    Node node = graph.node(id);
    const Value filter = graph.value(node.inputs[1]);
    node.op = op;
    node.inputs[1] = graph.AddConstant(filter.name, DepthwiseFilter(filter));
    graph.Set(id, std::move(node));
    ++changed;
  }
  graph.Finish();
  if (changed > 0) notes->push_back(Cat(changed, " convolutions of single channels are depthwise"));
  return {};
}

}  // namespace safelight
