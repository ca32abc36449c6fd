// SPDX-License-Identifier: Apache-2.0
//
// Which nodes run together, strip by strip, and which values stand whole between them.
//
// A node that needs all of something can only start when that something is complete; this is
// a barrier, and barriers cut the graph into phases. Within a phase of rows every value is a ring;
// a value that a later phase reads, or that some node needs whole, is a target of its phase
// and is kept whole. Nodes that cannot be split run in serial phases between.
// A network without barriers is a single phase of rows; one in which every op asks for
// everything runs layer by layer.
#pragma once

#include <vector>

#include "engine/axes.h"
#include "graph/graph.h"

namespace safelight {

struct Phase {
  bool serial = false;          // nodes made whole, one after another
  std::vector<NodeId> nodes;    // in running order
  std::vector<NodeId> targets;  // of a phase of rows: the nodes whose outputs are kept whole
};

struct PhasePlan {
  std::vector<Phase> phases;
  std::vector<int> node_phase;    // by NodeId
  std::vector<bool> value_whole;  // by ValueId: kept whole (graph inputs and constants too)
};

PhasePlan AssignPhases(const Graph& graph, const AxisPlan& axes);

// Inserts a copy behind every value that is kept whole and also feeds a node of its own phase by rows, so that
// targets are leaves of their phase: threads may then overlap in the rows they read but never in those they
// write. Also behind graph outputs that are inputs or constants of the graph.
Status SeparateTargets(Graph& graph);

}  // namespace safelight
