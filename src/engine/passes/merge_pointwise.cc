// SPDX-License-Identifier: Apache-2.0
//
// A convolution and a 1x1 convolution that alone reads it, with nothing between them, are one linear map: one
// convolution with the product of their weights, where that takes no more multiplications. Other roundings.
#include <algorithm>
#include <cmath>

#include "engine/passes/passes.h"
#include "engine/passes/support/rewrite.h"
#include "ops/support/spatial.h"

namespace safelight {
namespace {

// Plain sums with constant weights of all input channels: nothing added or limited.
bool IsLinear(const Rewrite& graph, NodeId id) {
  if (id == kNone || !graph.Is(id, "CONV_2D")) return false;
  const OpContext context = graph.context(id);
  const SlidingAttrs& attrs = context.attrs<SlidingAttrs>();
  for (int i : {1, 2}) {
    if (context.has_input(i) && (!context.input(i).is_constant() || !IsFloat(context.input(i)))) return false;
  }
  return IsFloat(context.input(0)) && context.input(1).shape[3] == context.input(0).shape[3] && attrs.tail.empty() &&
         std::isinf(attrs.clamp.low) && std::isinf(attrs.clamp.high);
}

// 1x1, every pixel; what follows the sums may be anything.
bool IsPointwise(const Rewrite& graph, NodeId id) {
  if (!graph.Is(id, "CONV_2D")) return false;
  const OpContext context = graph.context(id);
  const SlidingAttrs& attrs = context.attrs<SlidingAttrs>();
  const Shape &in = context.input(0).shape, &filter = context.input(1).shape, &out = context.output(0).shape;
  for (int i : {1, 2}) {
    if (context.has_input(i) && (!context.input(i).is_constant() || !IsFloat(context.input(i)))) return false;
  }
  return filter[1] == 1 && filter[2] == 1 && filter[3] == in[3] && attrs.stride_h == 1 && attrs.stride_w == 1 &&
         out[1] == in[1] && out[2] == in[2];
}

const float* Numbers(const OpContext& context, int input) {
  return context.has_input(input) ? context.constant<float>(input) : nullptr;
}

// The filter of `second` after `first`.
Tensor MergedFilter(const OpContext& first, const OpContext& second) {
  const Shape& filter = first.input(1).shape;
  const int64_t middle = filter[0], outputs = second.input(1).shape[0], size = filter.Product(1, 4);
  Tensor merged(DType::kFloat32, Shape({outputs, filter[1], filter[2], filter[3]}));
  for (int64_t o = 0; o < outputs; ++o) {
    for (int64_t i = 0; i < size; ++i) {
      double sum = 0;
      for (int64_t m = 0; m < middle; ++m) {
        sum += static_cast<double>(Numbers(second, 1)[o * middle + m]) * Numbers(first, 1)[m * size + i];
      }
      merged.data<float>()[o * size + i] = static_cast<float>(sum);
    }
  }
  return merged;
}

Tensor MergedBias(const OpContext& first, const OpContext& second) {
  const int64_t middle = first.input(1).shape[0], outputs = second.input(1).shape[0];
  Tensor merged(DType::kFloat32, Shape({outputs}));
  const float *before = Numbers(first, 2), *after = Numbers(second, 2);
  for (int64_t o = 0; o < outputs; ++o) {
    double sum = after == nullptr ? 0 : after[o];
    for (int64_t m = 0; m < middle && before != nullptr; ++m) {
      sum += static_cast<double>(Numbers(second, 1)[o * middle + m]) * before[m];
    }
    merged.data<float>()[o] = static_cast<float>(sum);
  }
  return merged;
}

bool Pays(const OpContext& first, const OpContext& second) {
  const int64_t size = first.input(1).shape.Product(1, 4), middle = first.input(1).shape[0];
  const int64_t outputs = second.input(1).shape[0];
  return outputs * size <= middle * size + outputs * middle;
}

}  // namespace

Status MergePointwise(Graph& original, std::vector<std::string>* notes) {
  Rewrite graph(original);
  int merged = 0;
  for (NodeId id = 0; id < static_cast<NodeId>(graph.num_nodes()); ++id) {
    if (graph.taken(id) || !IsPointwise(graph, id)) continue;
    const NodeId first = graph.SoleProducer(graph.node(id).inputs[0]);
    if (!IsLinear(graph, first) || !Pays(graph.context(first), graph.context(id))) continue;
    SlidingAttrs attrs = graph.context(first).attrs<SlidingAttrs>();
    attrs.clamp = graph.context(id).attrs<SlidingAttrs>().clamp;
    attrs.tail = graph.context(id).attrs<SlidingAttrs>().tail;
    Tensor filter = MergedFilter(graph.context(first), graph.context(id));
    Tensor bias = MergedBias(graph.context(first), graph.context(id));
    Node node = graph.node(id);
    const std::string name = graph.value(node.inputs[1]).name;
    node.inputs.resize(std::max<size_t>(node.inputs.size(), 3), kNone);
    node.inputs[0] = graph.node(first).inputs[0];
    node.inputs[1] = graph.AddConstant(name, std::move(filter));
    node.inputs[2] = graph.AddConstant(name + " bias", std::move(bias));
    node.attrs = std::make_shared<SlidingAttrs>(attrs);
    const std::vector<int> file_nodes = graph.node(first).file_nodes;
    graph.Take(first);
    graph.Set(id, std::move(node));
    graph.AddFileNodes(id, file_nodes);
    ++merged;
  }
  graph.Finish();
  if (merged > 0) notes->push_back(Cat(merged, " 1x1 convolutions merged into the convolutions before them"));
  return {};
}

}  // namespace safelight
