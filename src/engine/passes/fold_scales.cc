// SPDX-License-Identifier: Apache-2.0
//
// Constants by which a convolution's results are multiplied, divided or moved (batch norms that a converter left), and
// those by which its input is multiplied, go into its weights and bias. Other roundings.
#include <cmath>
#include <optional>
#include <vector>

#include "engine/passes/passes.h"
#include "engine/passes/support/rewrite.h"
#include "ops/support/binary.h"
#include "ops/support/spatial.h"

namespace safelight {
namespace {

// result = scale * data + shift, by channel.
struct Affine {
  int data = 0;  // which input
  std::vector<double> scale, shift;
};

// The constant as one number for each of the value's channels; empty where it is something else.
std::vector<double> ByChannel(const Value& constant, const Shape& shape) {
  const int rank = constant.shape.rank();
  const int64_t channels = shape[shape.rank() - 1], count = constant.shape.elements();
  if (!constant.is_constant() || !IsFloat(constant) || rank > shape.rank()) return {};
  if (count != 1 && (count != channels || constant.shape[rank - 1] != channels)) return {};
  const float* numbers = reinterpret_cast<const float*>(constant.constant);
  std::vector<double> all(static_cast<size_t>(channels));
  for (size_t c = 0; c < all.size(); ++c) all[c] = numbers[count == 1 ? 0 : c];
  return all;
}

std::optional<Affine> AffineOf(const Rewrite& graph, NodeId id) {
  const bool mul = graph.Is(id, "MUL"), add = graph.Is(id, "ADD"), sub = graph.Is(id, "SUB"), div = graph.Is(id, "DIV");
  if (!mul && !add && !sub && !div) return std::nullopt;
  const Node& node = graph.node(id);
  for (int data : {0, 1}) {
    const Value& value = graph.value(node.inputs[data]);
    if (value.is_constant() || !IsFloat(value) || value.shape.rank() != 4 || (div && data == 1)) continue;
    if (!(value.shape == graph.value(node.outputs[0]).shape)) continue;
    const std::vector<double> numbers = ByChannel(graph.value(node.inputs[1 - data]), value.shape);
    if (numbers.empty()) continue;
    Affine affine{data, std::vector<double>(numbers.size(), 1), std::vector<double>(numbers.size(), 0)};
    for (size_t c = 0; c < numbers.size(); ++c) {
      if (mul) affine.scale[c] = numbers[c];
      if (div) affine.scale[c] = 1 / numbers[c];
      if (add) affine.shift[c] = numbers[c];
      if (sub) affine.shift[c] = data == 0 ? -numbers[c] : numbers[c];
      if (sub && data == 1) affine.scale[c] = -1;
      if (!std::isfinite(affine.scale[c]) || !std::isfinite(affine.shift[c])) return std::nullopt;
    }
    return affine;
  }
  return std::nullopt;
}

bool IsConvolution(const Rewrite& graph, NodeId id) {
  if (id == kNone || (!graph.Is(id, "CONV_2D") && !graph.Is(id, "DEPTHWISE_CONV_2D"))) return false;
  const OpContext context = graph.context(id);
  for (int i : {1, 2}) {
    if (context.has_input(i) && (!context.input(i).is_constant() || !IsFloat(context.input(i)))) return false;
  }
  return IsFloat(context.input(0));
}

// Nothing happens to the sums before they are stored.
bool IsPlain(const Rewrite& graph, NodeId id) {
  const SlidingAttrs& attrs = graph.context(id).attrs<SlidingAttrs>();
  return attrs.tail.empty() && std::isinf(attrs.clamp.low) && std::isinf(attrs.clamp.high);
}

class Folder {
 public:
  explicit Folder(Graph& graph) : graph_(graph) {}

  int Run() {
    int folded = 0;
    for (NodeId id = 0; id < static_cast<NodeId>(graph_.num_nodes()); ++id) {
      if (graph_.taken(id)) continue;
      folded += FoldBehind(id);
      if (IsConvolution(graph_, id)) folded += FoldBefore(id);
    }
    graph_.Finish();
    return folded;
  }

 private:
  // Node `id` works on the results of a convolution, which then does it.
  bool FoldBehind(NodeId id) {
    const std::optional<Affine> affine = AffineOf(graph_, id);
    if (!affine.has_value()) return false;
    const NodeId conv = graph_.SoleProducer(graph_.node(id).inputs[affine->data]);
    if (!IsConvolution(graph_, conv) || !IsPlain(graph_, conv)) return false;
    Node node = graph_.node(conv);
    const OpContext context = graph_.context(conv);
    const int64_t channels = static_cast<int64_t>(affine->scale.size());
    Tensor bias(DType::kFloat32, Shape({channels}));
    for (int64_t c = 0; c < channels; ++c) {
      const double old = context.has_input(2) ? context.constant<float>(2)[c] : 0.0;
      bias.data<float>()[c] = static_cast<float>(old * affine->scale[c] + affine->shift[c]);
    }
    const std::string name = context.input(1).name;
    const int64_t one = context.input(1).shape.elements() / channels;  // weights of an output channel
    const bool depthwise = graph_.Is(conv, "DEPTHWISE_CONV_2D");
    Tensor weights =
        Scaled(context.input(1), [&](int64_t i) { return affine->scale[depthwise ? i % channels : i / one]; });
    node.inputs.resize(3, kNone);
    node.inputs[1] = graph_.AddConstant(name, std::move(weights));
    node.inputs[2] = graph_.AddConstant(name + " bias", std::move(bias));
    SlidingAttrs attrs = graph_.context(conv).attrs<SlidingAttrs>();
    attrs.clamp = graph_.context(id).attrs<BinaryAttrs>().clamp;
    node.attrs = std::make_shared<SlidingAttrs>(attrs);
    graph_.Set(conv, std::move(node));
    graph_.AddFileNodes(conv, graph_.node(id).file_nodes);
    graph_.Replace(id, conv);
    return true;
  }

  // Convolution `id` reads a value times numbers. Zeros around it stay zeros.
  bool FoldBefore(NodeId id) {
    const NodeId maker = graph_.SoleProducer(graph_.node(id).inputs[0]);
    if (maker == kNone || !graph_.Is(maker, "MUL")) return false;
    const std::optional<Affine> affine = AffineOf(graph_, maker);
    const kernels::Clamp clamp = graph_.context(maker).attrs<BinaryAttrs>().clamp;
    if (!affine.has_value() || !std::isinf(clamp.low) || !std::isinf(clamp.high)) return false;
    const OpContext context = graph_.context(id);
    const Shape& filter = context.input(1).shape;
    const int64_t inputs = static_cast<int64_t>(affine->scale.size());
    const bool depthwise = graph_.Is(id, "DEPTHWISE_CONV_2D");
    if (!depthwise && filter[3] != inputs) return false;  // groups
    const int64_t multiplier = depthwise ? filter[3] / inputs : 1;
    const std::string name = context.input(1).name;
    Tensor weights = Scaled(context.input(1), [&](int64_t i) { return affine->scale[i % filter[3] / multiplier]; });
    Node node = graph_.node(id);
    node.inputs[0] = graph_.node(maker).inputs[affine->data];
    node.inputs[1] = graph_.AddConstant(name, std::move(weights));
    const std::vector<int> file_nodes = graph_.node(maker).file_nodes;
    graph_.Take(maker);
    graph_.Set(id, std::move(node));
    graph_.AddFileNodes(id, file_nodes);
    return true;
  }

  template <typename ScaleOf>
  static Tensor Scaled(const Value& value, const ScaleOf& scale_of) {
    Tensor tensor(DType::kFloat32, value.shape);
    const float* from = reinterpret_cast<const float*>(value.constant);
    for (int64_t i = 0; i < value.shape.elements(); ++i) {
      tensor.data<float>()[i] = static_cast<float>(from[i] * scale_of(i));
    }
    return tensor;
  }

  Rewrite graph_;
};

}  // namespace

Status FoldScales(Graph& graph, std::vector<std::string>* notes) {
  const int folded = Folder(graph).Run();
  if (folded > 0) notes->push_back(Cat(folded, " scales and shifts are in the weights of convolutions"));
  return {};
}

}  // namespace safelight
