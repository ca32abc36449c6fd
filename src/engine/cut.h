// SPDX-License-Identifier: Apache-2.0
//
// How a phase of rows is cut: bands or teams for the threads, blocks of columns, height of strips.
//
// A cost model ranks the sensible cuts. It counts what a cut adds to the arithmetic: halo made twice, threads that wait
// for the widest share, steps and meetings, weights and rings that do not stay in a core's cache. Its unit is
// nanoseconds of one core of a usual machine; only the order of the cuts depends on it, never the result.
#pragma once

#include <cstdint>
#include <vector>

#include "engine/schedule.h"
#include "graph/graph.h"

namespace safelight {

struct CutOptions {
  int threads = 1;
  int64_t strip_rows = 0;     // 0: chosen
  int64_t block_columns = 0;  // 0: chosen
  int64_t turn_rows = 0;      // of groups of one node with weights each; 0: groups are chosen
  bool frugal = false;        // also cuts that only save memory: strips of one row, fewer threads, narrow blocks
};

// What one pixel of an entry's output costs.
struct EntryCost {
  double pixel_ns = 0;
  double pixel_bytes = 0;  // of its rings
  int whole_values = 0;    // that it reads or writes in memory
};
std::vector<EntryCost> PriceEntries(const Graph& graph, const PhaseNodes& nodes);

struct RankedCut {
  PhaseCut cut;
  double time_ns = 0;
  double cost_ns = 0;  // with what memory is worth
};
// Best first; never empty. All have the same `team` if `team` is given (not 0).
std::vector<RankedCut> RankCuts(const PhaseNodes& nodes, const std::vector<EntryCost>& costs, const CutOptions& options,
                                int team);

// Elements made by all units of a cut, halo included.
int64_t CutArea(const PhaseNodes& nodes, const PhaseCut& cut);
std::vector<UnitRegion> MakeUnits(const PhaseNodes& nodes, const PhaseCut& cut);

}  // namespace safelight
