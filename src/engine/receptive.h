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

// Along one axis of graph input 0 and one of graph output 0. The pattern of needs repeats: output pixels
// [k * out_period, (k + 1) * out_period) need input pixels [k * in_period - before, (k + 1) * in_period + after).
// A network without padding needs nothing in front of its first output pixel: `before` is then 0 or negative.
struct Reach {
  int64_t before = 0, after = 0;
  int64_t in_period = 1, out_period = 1;
};

struct ReachResult {
  std::optional<Reach> reach;  // absent: not local
  std::string why_not;         // "node 7 MEAN 'x' needs all rows", when absent
};

// Reach along rows, or along columns. Absent where a node needs all of a value that is computed or has a constant
// for each row, where needs do not repeat, or where the field covers the whole of this graph's own size, so that its
// true extent does not show. Other graph inputs as large as the picture count as parts of it.
ReachResult FindReach(const Graph& graph, const AxisPlan& axes, bool columns);

}  // namespace safelight
