// SPDX-License-Identifier: Apache-2.0
//
// A 1x1 convolution and a bilinear resize may change places: both are linear, and the weights of a resize sum to 1. So
// where a picture is enlarged and joined with others for a 1x1 convolution, that picture's share of the convolution is
// made at the small size, enlarged, and added by the convolution of the rest as its residual. The concatenation is
// gone, too. Fast arithmetic only: sums have another order.
#include <algorithm>
#include <cmath>

#include "engine/passes/passes.h"
#include "engine/passes/support/rewrite.h"
#include "ops/support/spatial.h"

namespace safelight {
namespace {

// One output element of a resize costs about so many multiply-adds.
constexpr int64_t kResizeMacs = 8;

bool IsConstantFloat(const OpContext& context, int i) {
  return !context.has_input(i) || (context.input(i).is_constant() && IsFloat(context.input(i)));
}

class Delayer {
 public:
  explicit Delayer(Graph& graph) : graph_(graph) {}

  int Run() {
    int delayed = 0;
    for (NodeId id = 0; id < static_cast<NodeId>(graph_.num_nodes()); ++id) {
      if (IsPointwise(id)) delayed += BeforeResize(id) || BeforeJoin(id);
    }
    graph_.Finish();
    return delayed;
  }

 private:
  bool IsPointwise(NodeId id) const {
    if (!graph_.Is(id, "CONV_2D")) return false;
    const OpContext context = graph_.context(id);
    const SlidingAttrs& attrs = context.attrs<SlidingAttrs>();
    const Shape &in = context.input(0).shape, &filter = context.input(1).shape, &out = context.output(0).shape;
    return IsFloat(context.input(0)) && context.input(1).is_constant() && IsConstantFloat(context, 1) &&
           IsConstantFloat(context, 2) && filter[1] == 1 && filter[2] == 1 && filter[3] == in[3] &&
           attrs.stride_h == 1 && attrs.stride_w == 1 && out[1] == in[1] && out[2] == in[2] &&
           attrs.tail.residual == kNone;
  }

  // That `resize` enlarges a float picture so much that `out` channels are better made before it.
  bool Pays(NodeId resize, int64_t out) const {
    if (resize == kNone || !graph_.Is(resize, "RESIZE_BILINEAR")) return false;
    const Shape &small = graph_.context(resize).input(0).shape, &large = graph_.context(resize).output(0).shape;
    if (!IsFloat(graph_.context(resize).input(0))) return false;
    const int64_t before = small[1] * small[2], after = large[1] * large[2], in = small[3];
    return before * in * out + after * out * (kResizeMacs + 1) < after * (in * out + in * kResizeMacs);
  }

  // The filters of `conv` for its input channels [begin, begin + count).
  ValueId Slice(NodeId conv, int64_t begin, int64_t count) {
    const Value& whole = graph_.context(conv).input(1);
    const int64_t out = whole.shape[0], in = whole.shape[3];
    const float* from = reinterpret_cast<const float*>(whole.constant) + begin;
    Tensor part(DType::kFloat32, {out, 1, 1, count});
    for (int64_t o = 0; o < out; ++o) std::copy_n(from + o * in, count, part.data<float>() + o * count);
    return graph_.AddConstant(whole.name, std::move(part));
  }

  // Node `at` becomes a 1x1 convolution of `in` with neither activation nor tail; node `resize_at` enlarges its result
  // to `large`, or to a new value where `large` is kNone. Returns that value.
  ValueId ConvThenResize(NodeId at, ValueId in, ValueId filter, ValueId bias, NodeId conv, NodeId resize_at,
                         const Node& resize, ValueId large) {
    SlidingAttrs attrs = graph_.context(conv).attrs<SlidingAttrs>();
    attrs.clamp = {};
    attrs.tail = {};
    const int64_t channels = graph_.value(filter).shape[0];
    const auto sized = [&](ValueId like) {
      Value value;
      value.name = graph_.value(graph_.node(conv).outputs[0]).name;
      value.shape = graph_.value(like).shape;
      value.shape[3] = channels;
      return graph_.AddValue(std::move(value));
    };
    Node before{graph_.node(conv).op, std::make_shared<SlidingAttrs>(attrs), {in, filter, bias}, {sized(in)}, {}};
    before.file_nodes = graph_.node(conv).file_nodes;
    Node after = resize;
    after.inputs[0] = before.outputs[0];
    after.outputs = {large == kNone ? sized(resize.outputs[0]) : large};
    graph_.Set(at, std::move(before));
    graph_.Set(resize_at, after);
    return after.outputs[0];
  }

  // resize, convolution -> convolution, resize.
  bool BeforeResize(NodeId id) {
    const NodeId resize_id = graph_.SoleProducer(graph_.node(id).inputs[0]);
    const OpContext context = graph_.context(id);
    const SlidingAttrs& attrs = context.attrs<SlidingAttrs>();
    const bool acts = !attrs.tail.empty() || !std::isinf(attrs.clamp.low) || !std::isinf(attrs.clamp.high);
    if (acts || !Pays(resize_id, context.output(0).shape[3])) return false;
    const Node resize = graph_.node(resize_id), conv = graph_.node(id);
    ConvThenResize(resize_id, resize.inputs[0], conv.inputs[1], conv.inputs.size() > 2 ? conv.inputs[2] : kNone, id, id,
                   resize, conv.outputs[0]);
    return true;
  }

  // concatenation of (resize, rest), convolution -> convolution, resize, convolution of the rest with a residual.
  bool BeforeJoin(NodeId id) {
    const NodeId join_id = graph_.SoleProducer(graph_.node(id).inputs[0]);
    if (join_id == kNone || !graph_.Is(join_id, "CONCATENATION") || graph_.node(join_id).inputs.size() != 2) {
      return false;
    }
    const OpContext join = graph_.context(join_id);
    if (join.input(0).shape[3] + join.input(1).shape[3] != join.output(0).shape[3]) return false;
    for (int k : {0, 1}) {
      const NodeId resize_id = graph_.SoleProducer(graph_.node(join_id).inputs[k]);
      if (join.input(k).is_constant() || join.input(1 - k).is_constant()) continue;
      if (!Pays(resize_id, graph_.context(id).output(0).shape[3])) continue;
      Split(id, join_id, resize_id, k);
      return true;
    }
    return false;
  }

  // Input `k` of the concatenation is the resized one.
  void Split(NodeId id, NodeId join_id, NodeId resize_id, int k) {
    const Node resize = graph_.node(resize_id), join = graph_.node(join_id);
    const int64_t first = graph_.value(join.inputs[0]).shape[3], second = graph_.value(join.inputs[1]).shape[3];
    const ValueId small = Slice(id, k == 0 ? 0 : first, k == 0 ? first : second);
    const ValueId rest = Slice(id, k == 0 ? first : 0, k == 0 ? second : first);
    const ValueId residual = ConvThenResize(resize_id, resize.inputs[0], small, kNone, id, join_id, resize, kNone);
    Node conv = graph_.node(id);
    SlidingAttrs attrs = graph_.context(id).attrs<SlidingAttrs>();
    conv.inputs[0] = join.inputs[1 - k];
    conv.inputs[1] = rest;
    conv.inputs.resize(std::max<size_t>(conv.inputs.size(), 3), kNone);
    attrs.tail.residual = static_cast<int>(conv.inputs.size());
    conv.inputs.push_back(residual);
    conv.attrs = std::make_shared<SlidingAttrs>(attrs);
    graph_.Set(id, std::move(conv));
    graph_.AddFileNodes(id, join.file_nodes);
  }

  Rewrite graph_;
};

}  // namespace

Status DelayResize(Graph& graph, std::vector<std::string>* notes) {
  const int delayed = Delayer(graph).Run();
  if (delayed > 0) notes->push_back(Cat(delayed, " 1x1 convolutions are made before their input is enlarged"));
  return {};
}

}  // namespace safelight
