// SPDX-License-Identifier: Apache-2.0
//
// How TFLite cuts a network into the parts that a delegate takes and the parts that stay.
#pragma once

#include <vector>

#include "graph/graph.h"

namespace safelight {

struct NodePartition {
  bool taken = false;      // of nodes that the delegate takes
  std::vector<int> nodes;  // by position, in the order in which they run
};

struct PartitionNode {
  bool taken = false;
  std::vector<ValueId> inputs, outputs;  // kNone where one is left out
};

// Greedy clustering: the first node that is ready decides what the next part is of; then every node of that kind runs
// that can, until none is left that can. `values`: how many there are; one that no node makes is ready from the start.
// Nodes that wait for each other are left out.
std::vector<NodePartition> CutIntoPartitions(const std::vector<PartitionNode>& nodes, size_t values);

}  // namespace safelight
