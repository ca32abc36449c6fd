// SPDX-License-Identifier: Apache-2.0
//
// A 3x3 convolution that would be made in Winograd tiles stores its channels where DEPTH_TO_SPACE would move them
// (CONV_2D_SHUFFLE): they are not written and read once more. A sum with a value of the large size goes along.
#include <algorithm>

#include "engine/axes.h"
#include "engine/passes/passes.h"
#include "engine/passes/support/rewrite.h"
#include "engine/phases.h"
#include "ops/support/binary.h"
#include "ops/support/shuffle.h"
#include "ops/support/winograd_filters.h"

namespace safelight {
namespace {

constexpr int64_t kMinPixels = 8, kMinChannels = 12;

class Shuffler {
 public:
  explicit Shuffler(Graph& graph)
      : axes_(AssignAxes(graph)), phase_(AssignPhases(graph, axes_).node_phase), graph_(graph) {}

  int Run() {
    int shuffled = 0;
    for (NodeId id = 0; id < static_cast<NodeId>(graph_.num_nodes()); ++id) {
      if (graph_.Is(id, "DEPTH_TO_SPACE")) shuffled += Shuffle(id);
      if (graph_.Is(id, "ADD")) TakeSum(id);
    }
    graph_.Finish();
    return shuffled;
  }

 private:
  bool RunsAlongH(ValueId value) const { return axes_.values[value].row == kNone || axes_.values[value].row == 1; }

  bool IsHost(NodeId id) const {
    if (id == kNone || !graph_.Is(id, "CONV_2D")) return false;
    const OpContext context = graph_.context(id);
    const Shape &in = context.input(0).shape, &filter = context.input(1).shape, &out = context.output(0).shape;
    for (int i : {1, 2}) {
      if (context.has_input(i) && (!context.input(i).is_constant() || !IsFloat(context.input(i)))) return false;
    }
    const SlidingAttrs& attrs = context.attrs<SlidingAttrs>();
    if (!IsFloat(context.input(0)) || filter[1] != 3 || filter[2] != 3 || filter[3] != in[3]) return false;
    if (attrs.stride_h != 1 || attrs.stride_w != 1 || attrs.dilation_h != 1 || attrs.dilation_w != 1) return false;
    if (in[3] < kMinChannels || out[1] < kMinPixels || out[2] < kMinPixels) return false;
    return WinogradMacs(1, {in[3], out[3]}) < 9 * in[3] * out[3] && RunsAlongH(context.node().inputs[0]) &&
           RunsAlongH(context.node().outputs[0]);
  }

  bool Shuffle(NodeId id) {
    const Node move = graph_.node(id);
    const NodeId host = graph_.SoleProducer(move.inputs[0]);
    if (!IsHost(host) || !RunsAlongH(move.outputs[0]) || phase_[host] != phase_[id]) return false;
    const Shape &small = graph_.value(move.inputs[0]).shape, &large = graph_.value(move.outputs[0]).shape;
    const Node conv = graph_.node(host);
    const auto attrs = std::make_shared<ShuffleAttrs>();
    attrs->conv = graph_.context(host).attrs<SlidingAttrs>();
    attrs->block_h = large[1] / small[1];
    attrs->block_w = large[2] / small[2];
    attrs->clamp = attrs->conv.clamp;
    attrs->tail = attrs->conv.tail;
    attrs->tail_first = !attrs->tail.empty();
    attrs->conv.clamp = {};
    attrs->conv.tail = {};
    Node node{FindOp("CONV_2D_SHUFFLE"), nullptr, {}, move.outputs, conv.file_nodes};
    node.inputs = {conv.inputs[0], conv.inputs[1], conv.inputs.size() > 2 ? conv.inputs[2] : kNone, kNone};
    for (int* extra : {&attrs->tail.residual, &attrs->tail.slopes}) {
      if (*extra == kNone) continue;
      node.inputs.push_back(conv.inputs[*extra]);
      *extra = static_cast<int>(node.inputs.size()) - 1;
    }
    node.attrs = attrs;
    graph_.Take(host);
    graph_.Set(id, std::move(node));
    graph_.AddFileNodes(id, move.file_nodes);
    return true;
  }

  // The sum `id` of what a shuffle makes and a value of its size.
  void TakeSum(NodeId id) {
    for (int k : {0, 1}) {
      const Node sum = graph_.node(id);
      const NodeId host = graph_.SoleProducer(sum.inputs[k]);
      if (host == kNone || !graph_.Is(host, "CONV_2D_SHUFFLE") || phase_[host] != phase_[id]) continue;
      const Value &out = graph_.value(sum.outputs[0]), &other = graph_.value(sum.inputs[1 - k]);
      ShuffleAttrs attrs = graph_.context(host).attrs<ShuffleAttrs>();
      const bool acts = attrs.clamp.low > -kInfinity || attrs.clamp.high < kInfinity;
      if (!attrs.tail.empty() || acts || other.is_constant() || !IsFloat(other) || !(other.shape == out.shape))
        continue;
      if (!(graph_.value(sum.inputs[k]).shape == out.shape)) continue;
      Node node = graph_.node(host);
      attrs.tail.residual = static_cast<int>(node.inputs.size());
      attrs.clamp = graph_.context(id).attrs<BinaryAttrs>().clamp;
      node.inputs.push_back(sum.inputs[1 - k]);
      node.outputs = sum.outputs;
      node.attrs = std::make_shared<ShuffleAttrs>(attrs);
      graph_.Take(host);
      graph_.Set(id, std::move(node));
      graph_.AddFileNodes(id, sum.file_nodes);
      return;
    }
  }

  static constexpr float kInfinity = std::numeric_limits<float>::infinity();
  const AxisPlan axes_;
  const std::vector<int> phase_;
  Rewrite graph_;
};

}  // namespace

Status ShuffleInStore(Graph& graph, std::vector<std::string>* notes) {
  const int shuffled = Shuffler(graph).Run();
  if (shuffled > 0) notes->push_back(Cat(shuffled, " convolutions store their channels as pixels"));
  return {};
}

}  // namespace safelight
