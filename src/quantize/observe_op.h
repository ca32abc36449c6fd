// SPDX-License-Identifier: Apache-2.0
//
// OBSERVE: looks at a float value as it streams by. It stands beside the network, never in it: an output of its own,
// one byte for each run of the value's last axis, so that the engine asks for each run exactly once, however it cuts
// the work.
#pragma once

#include <memory>
#include <vector>

#include "graph/op_def.h"
#include "quantize/value_stats.h"

namespace safelight {

struct ObserveAttrs : OpAttrs {
  std::shared_ptr<ValueStats> stats;
};
extern const OpDef observe_op;

// ACCUMULATE: adds its input, a vector made once a run, to sums; so the order of the sums is that of the runs.
struct MeanSums {
  std::vector<double> sums;
  int runs = 0;
};
struct AccumulateAttrs : OpAttrs {
  std::shared_ptr<MeanSums> to;
};
extern const OpDef accumulate_op;

}  // namespace safelight
