// SPDX-License-Identifier: Apache-2.0
//
// How far an output pixel looks: the true receptive field, from the rows rule alone.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "engine/axes.h"
#include "graph/graph.h"

namespace safelight {

// Along one axis of graph input 0 and one of graph output 0, both given by `columns`.
struct Reach {
  int64_t before = 0;                     // input pixels needed before the one an output pixel comes from
  int64_t after = 0;                      // and after it
  int64_t in_period = 1, out_period = 1;  // the pattern of needs repeats with this many input and output pixels
};

struct ReachResult {
  std::optional<Reach> reach;  // absent: not local
  std::string why_not;         // "node 7 MEAN 'x' needs all rows", when absent
};

// Reach along rows, or along columns. Absent where a node needs all of a value that is computed, or where the
// field covers the whole of this graph's own size, so that its true extent does not show.
ReachResult FindReach(const Graph& graph, const AxisPlan& axes, bool columns);

}  // namespace safelight
