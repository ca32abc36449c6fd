// SPDX-License-Identifier: Apache-2.0
#include "targets/partitions.h"

#include <algorithm>

namespace safelight {
namespace {

class Cutter {
 public:
  Cutter(const std::vector<PartitionNode>& nodes, size_t values)
      : nodes_(nodes), ready_(values, true), done_(nodes.size(), false) {
    for (const PartitionNode& node : nodes) SetOutputs(node, false);
  }

  // Empty when nothing is left that can run.
  NodePartition Next() {
    NodePartition part;
    for (bool found = true; found;) {
      found = false;
      for (size_t n = 0; n < nodes_.size(); ++n) {
        if (done_[n] || !CanRun(nodes_[n])) continue;
        if (part.nodes.empty()) part.taken = nodes_[n].taken;
        if (nodes_[n].taken != part.taken) continue;
        part.nodes.push_back(static_cast<int>(n));
        done_[n] = found = true;
        SetOutputs(nodes_[n], true);
      }
    }
    return part;
  }

 private:
  bool CanRun(const PartitionNode& node) const {
    return std::all_of(node.inputs.begin(), node.inputs.end(),
                       [&](ValueId id) { return id == kNone || ready_[static_cast<size_t>(id)]; });
  }
  void SetOutputs(const PartitionNode& node, bool ready) {
    for (ValueId id : node.outputs) {
      if (id != kNone) ready_[static_cast<size_t>(id)] = ready;
    }
  }

  const std::vector<PartitionNode>& nodes_;
  std::vector<bool> ready_, done_;
};

}  // namespace

std::vector<NodePartition> CutIntoPartitions(const std::vector<PartitionNode>& nodes, size_t values) {
  Cutter cutter(nodes, values);
  std::vector<NodePartition> parts;
  for (NodePartition part = cutter.Next(); !part.nodes.empty(); part = cutter.Next()) parts.push_back(std::move(part));
  return parts;
}

}  // namespace safelight
