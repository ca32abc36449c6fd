// SPDX-License-Identifier: Apache-2.0
//
// Which delegate runs which nodes: parts of a graph, as few as possible, each replaced by one DELEGATE node.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/status.h"
#include "engine/delegate.h"
#include "graph/graph.h"

namespace safelight {

struct PartitionOptions {
  int min_nodes = 1;     // a smaller part stays with the CPU
  int max_parts = 0;     // of each delegate, those with the most arithmetic; 0: any number
  bool require = false;  // an error instead of going on on the CPU
  // A reason not to give this node to the delegate although it takes it (an exclusion list); nullopt: none. May be
  // null.
  std::function<std::optional<std::string>(const DelegateInfo&, const Graph&, const Node&)> excluded = nullptr;
};

class DelegatePart;

struct Partition {
  std::vector<NodePlacement> nodes;  // in the order of the graph as it was
  std::vector<std::shared_ptr<DelegatePart>> parts;
  std::vector<std::string> notes;
};

// What the nodes `ids` (ascending) read and do not make, constants aside, and what others read of them or the graph
// gives out, each in the order of the nodes.
void FindPorts(const Graph& graph, const std::vector<NodeId>& ids, std::vector<ValueId>* inputs,
               std::vector<ValueId>* outputs);

// The nodes `ids` of `graph` (ascending) as a graph of its own, with copies of the values they touch. Its ports are
// those of FindPorts, in that order.
Graph ExtractPart(const Graph& graph, const std::vector<NodeId>& ids);

// Asks the delegates in this order for each node; a node goes to the first that takes it. `graph` is inferred, and
// stays so. Errors only where options.require is set: a part that did not compile, or no part at all.
Result<Partition> PartitionGraph(Graph& graph, const std::vector<std::shared_ptr<Delegate>>& delegates,
                                 const PartitionOptions& options);

}  // namespace safelight
