// SPDX-License-Identifier: Apache-2.0
//
// Rings within rings: a value that only a join (CONCATENATION) reads is made in its place among the channels of the
// join's own ring, so nothing is copied there.
#pragma once

#include <vector>

#include "engine/axes.h"
#include "engine/phases.h"
#include "graph/graph.h"

namespace safelight {

// Where a value lies in another one's ring: from index `begin` of axis `axis` on. No host: it has a ring of its own.
struct RingPart {
  ValueId host = kNone;
  int axis = 0;
  int64_t begin = 0;
};
std::vector<RingPart> FindParts(const Graph& graph, const AxisPlan& axes, const PhasePlan& phases);  // by ValueId

}  // namespace safelight
