// SPDX-License-Identifier: Apache-2.0
#include "quantize/layer_groups.h"

#include <algorithm>
#include <set>

#include "quantize/clean_up.h"

namespace safelight {
namespace {

bool ComputesOnFloats(const FileNetwork& network, int n) {
  const FileNode& node = network.node(n);
  const auto is_value = [&](int t) { return network.is_float(t) && !network.is_constant(t); };
  return std::any_of(node.inputs.begin(), node.inputs.end(), is_value) ||
         std::any_of(node.outputs.begin(), node.outputs.end(), is_value);
}

}  // namespace

std::vector<LayerGroup> FindLayerGroups(const FileNetwork& network) {
  std::vector<LayerGroup> layers;
  std::vector<int> layer_of(network.main().nodes.size(), -1);
  for (int n = 0; n < network.num_nodes(); ++n) {
    if (!ComputesOnFloats(network, n)) continue;
    const FileNode& node = network.node(n);
    int layer = -1;
    if (FindWeightedOp(network.Op(n)) != nullptr) {
      layer = static_cast<int>(layers.size());
      layers.push_back({std::string(network.tensor(node.outputs[0]).name), network.Op(n), {}});
    } else {
      for (const int t : node.inputs) {
        const int producer = network.producer(t);
        if (producer >= 0) layer = std::max(layer, layer_of[static_cast<size_t>(producer)]);
      }
    }
    layer_of[static_cast<size_t>(n)] = layer;
  }
  for (int n = 0; n < network.num_nodes(); ++n) {
    if (!ComputesOnFloats(network, n)) continue;
    if (layers.empty()) {
      layers.push_back({std::string(network.tensor(network.node(n).outputs[0]).name), network.Op(n), {}});
    }
    layers[static_cast<size_t>(std::max(layer_of[static_cast<size_t>(n)], 0))].nodes.push_back(n);
  }
  return layers;
}

std::vector<std::pair<int, int>> FindNeighbours(const FileNetwork& network, const std::vector<LayerGroup>& layers) {
  std::vector<int> layer_of(network.main().nodes.size(), -1);
  for (size_t i = 0; i < layers.size(); ++i) {
    for (const int n : layers[i].nodes) layer_of[static_cast<size_t>(n)] = static_cast<int>(i);
  }
  std::set<std::pair<int, int>> pairs;
  for (int n = 0; n < network.num_nodes(); ++n) {
    const int reader = layer_of[static_cast<size_t>(n)];
    for (const int t : network.node(n).inputs) {
      const int producer = network.producer(t);
      const int maker = producer < 0 ? -1 : layer_of[static_cast<size_t>(producer)];
      if (maker >= 0 && reader >= 0 && maker != reader) pairs.insert(std::minmax(maker, reader));
    }
  }
  return {pairs.begin(), pairs.end()};
}

}  // namespace safelight
