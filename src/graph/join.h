// SPDX-License-Identifier: Apache-2.0
//
// What an axis of a value must agree with further down the graph.
#pragma once

#include <optional>

#include "graph/graph.h"

namespace safelight {

struct AxisOfValue {
  ValueId value = kNone;
  int axis = kNone;
};

// Where axis `axis` of the first output of node `id`, followed through the rows rules of the nodes behind it (a
// transposition renames it, a padding and a convolution may change its size and give it back), first meets an axis of
// the same size of a value that is not made from that output: an addition, a concatenation. Absent when it never does.
// `graph` is inferred. Cost: one question to the rule of each node that the axis runs through.
std::optional<AxisOfValue> FindJoin(const Graph& graph, NodeId id, int axis);

}  // namespace safelight
