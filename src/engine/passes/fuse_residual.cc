// SPDX-License-Identifier: Apache-2.0
//
// A convolution adds the value that its result would be added to before it stores it (Tail::residual). x - convolution
// is x plus the convolution with weights of the other sign: the same bits, since rounding is symmetric.
#include <algorithm>
#include <cmath>

#include "engine/axes.h"
#include "engine/passes/passes.h"
#include "engine/passes/support/rewrite.h"
#include "engine/phases.h"
#include "ops/support/binary.h"
#include "ops/support/spatial.h"

namespace safelight {
namespace {

bool Limits(const kernels::Clamp& clamp) { return !std::isinf(clamp.low) || !std::isinf(clamp.high); }

// A constant with the sign of every number turned; kNone stays kNone.
ValueId Negated(Rewrite& graph, ValueId id) {
  if (id == kNone) return kNone;
  const Value value = graph.value(id);
  Tensor tensor(DType::kFloat32, value.shape);
  const float* from = reinterpret_cast<const float*>(value.constant);
  for (int64_t i = 0; i < value.shape.elements(); ++i) tensor.data<float>()[i] = -from[i];
  return graph.AddConstant(value.name, std::move(tensor));
}

class Fuser {
 public:
  // A convolution must not wait for a sum in a later phase, all that it reads kept whole until then.
  explicit Fuser(Graph& graph) : phase_(AssignPhases(graph, AssignAxes(graph)).node_phase), graph_(graph) {}

  int Run() {
    int fused = 0;
    for (NodeId id = 0; id < static_cast<NodeId>(graph_.num_nodes()); ++id) {
      const bool add = graph_.Is(id, "ADD");
      if (!add && !graph_.Is(id, "SUB")) continue;
      // Either operand of a sum may be the convolution, the subtracted one of a difference.
      fused += Fuse(id, 1, !add) || (add && Fuse(id, 0, false));
    }
    graph_.Finish();
    return fused;
  }

 private:
  // Node `id` becomes the convolution that makes its input `from`, its other input the residual.
  bool Fuse(NodeId id, int from, bool negate) {
    const Node& sum = graph_.node(id);
    const NodeId host = graph_.SoleProducer(sum.inputs[from]);
    const ValueId residual = sum.inputs[1 - from];
    if (!IsHost(host, negate) || phase_[host] != phase_[id]) return false;
    const Value &out = graph_.value(sum.outputs[0]), &other = graph_.value(residual);
    if (other.is_constant() || !IsFloat(other) || !(other.shape == out.shape)) return false;
    if (!(graph_.value(sum.inputs[from]).shape == out.shape)) return false;
    SlidingAttrs attrs = graph_.context(host).attrs<SlidingAttrs>();
    const kernels::Clamp clamp = graph_.context(id).attrs<BinaryAttrs>().clamp;
    const bool acts = Limits(attrs.clamp) || attrs.tail.slopes != kNone;
    if (acts && (negate || Limits(clamp))) return false;
    Node node = graph_.node(host);
    node.inputs.resize(std::max<size_t>(node.inputs.size(), 3), kNone);
    attrs.tail.residual = static_cast<int>(node.inputs.size());
    attrs.tail.residual_last = acts;
    if (!acts) attrs.clamp = clamp;
    node.inputs.push_back(residual);
    node.outputs = sum.outputs;
    node.attrs = std::make_shared<SlidingAttrs>(attrs);
    if (negate) {
      for (int i : {1, 2}) node.inputs[i] = Negated(graph_, node.inputs[i]);
    }
    const std::vector<int> file_nodes = sum.file_nodes;
    graph_.Take(host);
    graph_.Set(id, std::move(node));
    graph_.AddFileNodes(id, file_nodes);
    return true;
  }

  bool IsHost(NodeId id, bool negate) const {
    if (id == kNone || (!graph_.Is(id, "CONV_2D") && !graph_.Is(id, "DEPTHWISE_CONV_2D"))) return false;
    const OpContext context = graph_.context(id);
    if (context.attrs<SlidingAttrs>().tail.residual != kNone) return false;
    if (!negate) return true;
    return context.input(1).is_constant() && IsFloat(context.input(1)) &&
           (!context.has_input(2) || context.input(2).is_constant());
  }

  const std::vector<int> phase_;
  Rewrite graph_;
};

}  // namespace

Status FuseResidual(Graph& graph, std::vector<std::string>* notes) {
  const int fused = Fuser(graph).Run();
  if (fused > 0) notes->push_back(Cat(fused, " sums are done by the convolutions before them"));
  return {};
}

}  // namespace safelight
