// SPDX-License-Identifier: Apache-2.0
//
// FULLY_CONNECTED on every pixel of a picture is a 1x1 convolution, which streams by rows and columns, and which other
// passes know. The reshapes around it go. The order of the sums is another.
#include <algorithm>

#include "engine/passes/passes.h"
#include "engine/passes/support/rewrite.h"
#include "graph/op_def.h"
#include "graph/passes/passes.h"
#include "ops/support/spatial.h"

namespace safelight {
namespace {

// The picture of which node `id` takes pixel after pixel, as it is or reshaped to a list of pixels; kNone where there
// is none.
ValueId PictureBehind(const Graph& graph, const Node& node) {
  if (node.op->name != std::string_view("FULLY_CONNECTED")) return kNone;
  const OpContext context(graph, node);
  const int64_t channels = context.input(1).shape[1];
  for (int i : {1, 2}) {
    if (context.has_input(i) && (!context.input(i).is_constant() || !IsFloat(context.input(i)))) return kNone;
  }
  ValueId data = node.inputs[0];
  if (!IsFloat(graph.values[data])) return kNone;
  const NodeId maker = graph.values[data].is_constant() ? kNone : graph.values[data].producer;
  if (graph.values[data].shape.rank() != 4 && maker != kNone &&
      graph.nodes[maker].op->name == std::string_view("RESHAPE")) {
    data = graph.nodes[maker].inputs[0];
  }
  const Shape& picture = graph.values[data].shape;
  const bool pixels = picture.rank() == 4 && picture[3] == channels && picture[1] * picture[2] > 1;
  return pixels ? data : kNone;
}

Tensor Filter(const Value& weights) {
  Tensor filter(DType::kFloat32, Shape({weights.shape[0], 1, 1, weights.shape[1]}));
  std::copy_n(reinterpret_cast<const float*>(weights.constant), weights.shape.elements(), filter.data<float>());
  return filter;
}

// RESHAPE with its sizes as an input.
Node ReshapeTo(Graph& graph, ValueId from, ValueId to, const std::vector<int>& file_nodes) {
  const Shape& shape = graph.values[to].shape;
  Tensor sizes(DType::kInt32, Shape({shape.rank()}));
  for (int axis = 0; axis < shape.rank(); ++axis) sizes.data<int32_t>()[axis] = static_cast<int32_t>(shape[axis]);
  return Node{FindOp("RESHAPE"), nullptr, {from, graph.AddConstant("shape", std::move(sizes))}, {to}, file_nodes};
}

}  // namespace

Status PointwiseProducts(Graph& graph, std::vector<std::string>* notes) {
  const OpDef* const conv = FindOp("CONV_2D");
  if (conv == nullptr) return Internal("op CONV_2D is missing");
  std::vector<Node> nodes;
  int changed = 0;
  for (const Node& node : graph.nodes) {
    const ValueId picture = PictureBehind(graph, node);
    const auto* options = dynamic_cast<const ClampedAttrs*>(node.attrs.get());
    if (picture == kNone || options == nullptr) {
      nodes.push_back(node);
      continue;
    }
    auto attrs = std::make_shared<SlidingAttrs>();
    attrs->clamp = options->clamp;
    Value result = graph.values[node.outputs[0]];
    const Value weights = graph.values[node.inputs[1]];
    result.shape = graph.values[picture].shape;
    result.shape[3] = weights.shape[0];
    const ValueId out = graph.AddValue(std::move(result));
    Node own{conv, attrs, {picture, graph.AddConstant(weights.name, Filter(weights))}, {out}, node.file_nodes};
    if (node.inputs.size() > 2) own.inputs.push_back(node.inputs[2]);
    nodes.push_back(std::move(own));
    nodes.push_back(ReshapeTo(graph, out, node.outputs[0], node.file_nodes));
    ++changed;
  }
  if (changed == 0) return {};
  graph.nodes = std::move(nodes);
  graph.LinkProducers();
  notes->push_back(Cat(changed, " products of pixels are 1x1 convolutions"));
  SL_TRY(RemoveDeadNodes(graph));
  return SimplifyMoves(graph, notes);
}

}  // namespace safelight
