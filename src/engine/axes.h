// SPDX-License-Identifier: Apache-2.0
//
// Which axis of each value is its rows, and which its columns.
//
// The graph's inputs are tried as n h w c, n c h w and so on; each choice is carried through the
// nodes by their rows rule, and the one that leaves the fewest bytes to be kept whole wins.
#pragma once

#include <vector>

#include "graph/graph.h"
#include "graph/window.h"

namespace safelight {

struct ValueAxes {
  int row = kNone;  // kNone: the value is made whole, in one step
  int col = kNone;  // kNone: all columns at once
};

// How one input of a node is reached from the node's output.
struct EdgeRules {
  AxisRule row;          // from the output's rows
  AxisRule col;          // from the output's columns
  bool by_rows = false;  // row.in_axis() is the input's own row axis: a ring is enough
  bool by_cols = false;  // likewise for columns, and by_rows holds
};

struct AxisPlan {
  std::vector<ValueAxes> values;              // by ValueId
  std::vector<std::vector<EdgeRules>> edges;  // by NodeId, by input position
};

// Requires an inferred graph.
AxisPlan AssignAxes(const Graph& graph);

}  // namespace safelight
