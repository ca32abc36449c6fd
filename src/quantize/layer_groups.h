// SPDX-License-Identifier: Apache-2.0
//
// A network cut into layers: each a node with weights and the nodes without that follow it.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "quantize/file_network.h"

namespace safelight {

struct LayerGroup {
  std::string name, op;    // of the node with weights, or of the first node of a network without
  std::vector<int> nodes;  // ascending
};

// Every node that computes on floats is in one layer. What several layers feed belongs to the last of them; what stands
// before all weights belongs to the first layer.
std::vector<LayerGroup> FindLayerGroups(const FileNetwork& network);

// Pairs of layers, first the lower number, one of which reads what the other makes.
std::vector<std::pair<int, int>> FindNeighbours(const FileNetwork& network, const std::vector<LayerGroup>& layers);

}  // namespace safelight
