// SPDX-License-Identifier: Apache-2.0
//
// Zeros that PAD puts around a picture become padding of the convolutions that read it, which leave out the products
// with them. Same bits.
#include <algorithm>
#include <optional>

#include "engine/passes/passes.h"
#include "engine/passes/support/rewrite.h"
#include "ops/support/pad.h"
#include "ops/support/spatial.h"

namespace safelight {
namespace {

// The zeros around height and width; none where anything else is padded, or with another number.
std::optional<PadSizes> PicturePads(const Rewrite& graph, NodeId id) {
  if (id == kNone || (!graph.Is(id, "PAD") && !graph.Is(id, "PADV2"))) return std::nullopt;
  const OpContext context = graph.context(id);
  if (!IsFloat(context.input(0)) || context.input(0).shape.rank() != 4) return std::nullopt;
  if (context.has_input(2) && ScalarOf(context.input(2)) != 0.0f) return std::nullopt;
  const Result<PadSizes> pads = ReadPads(context);
  if (!pads.ok()) return std::nullopt;
  for (int axis : {0, 3}) {
    if (pads->before[axis] != 0 || pads->after[axis] != 0) return std::nullopt;
  }
  return *pads;
}

// The zeros that one axis of a convolution needs when its input is no longer padded: its own and `before` and `after`.
Pads Total(const SlidingAxis& axis, int64_t before, int64_t after) {
  // What the last output reaches beyond the padded input.
  const int64_t own_after = (axis.out - 1) * axis.stride + axis.extent() - axis.pad - axis.in;
  return {before + axis.pad, after + std::max<int64_t>(own_after, 0)};
}

}  // namespace

Status FusePadding(Graph& original, std::vector<std::string>* notes) {
  Rewrite graph(original);
  int fused = 0;
  for (NodeId id = 0; id < static_cast<NodeId>(graph.num_nodes()); ++id) {
    if (!graph.Is(id, "CONV_2D") && !graph.Is(id, "DEPTHWISE_CONV_2D")) continue;
    const NodeId pad = graph.Producer(graph.node(id).inputs[0]);
    const std::optional<PadSizes> zeros = PicturePads(graph, pad);
    if (!zeros.has_value()) continue;
    const OpContext context = graph.context(id);
    const Shape& filter = context.input(1).shape;
    SlidingAttrs attrs = context.attrs<SlidingAttrs>();
    SL_ASSIGN(const Sliding sliding, MakeSliding(context.input(0).shape, filter[1], filter[2], attrs));
    attrs.padding = Padding::kExplicit;
    attrs.pads_h = Total(sliding.rows, zeros->before[1], zeros->after[1]);
    attrs.pads_w = Total(sliding.columns, zeros->before[2], zeros->after[2]);
    Node node = graph.node(id);
    node.inputs[0] = graph.node(pad).inputs[0];
    node.attrs = std::make_shared<SlidingAttrs>(attrs);
    graph.Set(id, std::move(node));
    graph.AddFileNodes(id, graph.node(pad).file_nodes);
    if (graph.readers(graph.node(pad).outputs[0]) == 0) graph.Take(pad);
    ++fused;
  }
  graph.Finish();
  if (fused > 0) notes->push_back(Cat(fused, " convolutions pad for themselves"));
  return {};
}

}  // namespace safelight
