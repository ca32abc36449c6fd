// SPDX-License-Identifier: Apache-2.0
#include "quantize/moments.h"

#include <algorithm>
#include <string>

#include "quantize/clean_up.h"

namespace safelight {
namespace {

struct Places {
  int64_t count = 0, before = 0;  // of windows; padding in front
};
Places PlacesOf(int64_t in, int64_t size, int64_t stride, int64_t dilation, bool same) {
  const int64_t reach = (size - 1) * dilation + 1;
  if (!same) return {in < reach ? 0 : (in - reach) / stride + 1, 0};
  const int64_t count = (in + stride - 1) / stride;
  return {count, std::max<int64_t>((count - 1) * stride + reach - in, 0) / 2};
}

}  // namespace

Moments::Moments(const FileNetwork& network, const Graph& graph) {
  const std::vector<TappedValue> all = ListValues(graph);
  for (int n = 0; n < network.num_nodes(); ++n) AddNode(network, n, all);
}

void Moments::AddNode(const FileNetwork& network, int n, const std::vector<TappedValue>& all) {
  const std::string name = network.Op(n);
  const WeightedOp* op = FindWeightedOp(name);
  if (op == nullptr || name == "TRANSPOSE_CONV") return;
  const FileNode& node = network.node(n);
  const int data = node.inputs[static_cast<size_t>(op->data)], weights = node.inputs[static_cast<size_t>(op->weights)];
  const auto value = std::find_if(all.begin(), all.end(), [&](const TappedValue& v) { return v.file_tensor == data; });
  if (value == all.end() || !network.is_float(weights) || !network.is_constant(weights)) return;
  const FileList<int32_t>& shape = network.tensor(weights).shape;
  const int rank = value->shape.rank();
  Layer layer;
  if (name == "FULLY_CONNECTED") {
    layer.dense = true;
    layer.channels = shape.back();
    layer.moments.groups = 1;
  } else {
    const bool depthwise = name == "DEPTHWISE_CONV_2D";
    if (rank != 4 || shape.size() != 4 || value->shape[3] == 0) return;
    layer.channels = depthwise ? 1 : shape.back();
    if (layer.channels < 1 || value->shape[3] % layer.channels != 0) return;
    layer.moments.groups = static_cast<size_t>(value->shape[3] / layer.channels);
    layer.same = node.options.Int(0, 0) == 0;
    const int dilation = depthwise ? 5 : 4;  // slots, columns before rows
    for (const int axis : {0, 1}) {
      layer.size[axis] = shape[static_cast<size_t>(1 + axis)];
      layer.stride[axis] = std::max<int64_t>(node.options.Int(2 - axis, 1), 1);
      layer.dilation[axis] = std::max<int64_t>(node.options.Int(dilation + 1 - axis, 1), 1);
    }
  }
  const size_t n_operands = static_cast<size_t>(layer.size[0] * layer.size[1] * layer.channels);
  if (n_operands == 0 || n_operands > kMostOperands) return;
  layer.moments.operands = n_operands;
  layer.moments.sums.assign(layer.moments.groups * n_operands, 0);
  layer.moments.products.assign(layer.moments.groups * n_operands * n_operands, 0);
  const auto known =
      std::find_if(values_.begin(), values_.end(), [&](const TappedValue& v) { return v.file_tensor == data; });
  layer.value = static_cast<size_t>(known - values_.begin());
  if (known == values_.end()) values_.push_back(*value);
  layers_.emplace(n, std::move(layer));
}

void Moments::Add(size_t number, const Tensor& value) {
  for (auto& [n, layer] : layers_) {
    if (layer.value == number) AddTo(&layer, value);
  }
}

void Moments::AddTo(Layer* layer, const Tensor& value) {
  const Shape& shape = value.shape();
  const int64_t channels = layer->dense ? layer->channels : shape[3];
  const int64_t width = layer->dense ? 1 : shape[2];
  const int64_t height = layer->dense ? shape.elements() / channels : shape[1];
  const Places down = PlacesOf(height, layer->size[0], layer->stride[0], layer->dilation[0], layer->same);
  const Places across = PlacesOf(width, layer->size[1], layer->stride[1], layer->dilation[1], layer->same);
  const int64_t all = down.count * across.count, looked_at = std::min(all, kPositions);
  LayerMoments& moments = layer->moments;
  const size_t n = moments.operands;
  std::vector<float> operands(n);
  const float* numbers = value.data<float>();
  for (int64_t k = 0; k < looked_at; ++k) {
    const int64_t at = k * all / looked_at, top = at / across.count * layer->stride[0] - down.before,
                  left = at % across.count * layer->stride[1] - across.before;
    for (size_t group = 0; group < moments.groups; ++group) {
      float* to = operands.data();
      for (int64_t i = 0; i < layer->size[0] * layer->size[1]; ++i) {
        const int64_t y = top + i / layer->size[1] * layer->dilation[0];
        const int64_t x = left + i % layer->size[1] * layer->dilation[1];
        const bool inside = y >= 0 && y < height && x >= 0 && x < width;
        const float* from =
            inside ? numbers + (y * width + x) * channels + static_cast<int64_t>(group) * layer->channels : nullptr;
        for (int64_t c = 0; c < layer->channels; ++c) *to++ = inside ? from[c] : 0;
      }
      double* sums = moments.sums.data() + group * n;
      double* products = moments.products.data() + group * n * n;
      for (size_t i = 0; i < n; ++i) {
        const auto x = static_cast<double>(operands[i]);
        if (x == 0) continue;
        sums[i] += x;
        for (size_t j = i; j < n; ++j) products[i * n + j] += x * static_cast<double>(operands[j]);
      }
    }
    ++moments.count;
  }
}

const LayerMoments* Moments::OfNode(int n) const {
  const auto found = layers_.find(n);
  return found == layers_.end() || found->second.moments.count == 0 ? nullptr : &found->second.moments;
}

}  // namespace safelight
