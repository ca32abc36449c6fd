// SPDX-License-Identifier: Apache-2.0
//
// The order of row steps inside one phase, and how tall the rings must be.
//
// The picture is cut into units (a band of rows by a block of columns of every target). A
// unit belongs to a team of threads that share its rings: each makes its own columns of every step. A unit is made by
// pulling: the target least far along asks for its next strip; each node, before making
// rows, pulls the rows it needs from the nodes before it. The same Puller drives the simulation, which
// measures ring heights, and the run, which calls kernels: the two cannot disagree.
#pragma once

#include <cstdint>
#include <vector>

#include "engine/axes.h"
#include "engine/parts.h"
#include "engine/phases.h"
#include "graph/graph.h"

namespace safelight {

// An input of a node that is a ring of the same phase.
struct RingEdge {
  int from = 0;   // position in PhaseNodes of the node that makes it
  int input = 0;  // position among the reader's inputs
  const EdgeRules* rules = nullptr;
};

// The nodes of one phase of rows with what the scheduler asks of them, by position.
struct PhaseNodes {
  struct Entry {
    NodeId node = kNone;
    int64_t rows = 1;          // size of the row axis
    int64_t columns = 1;       // size of the column axis; 1 when there is none
    int64_t grain = 1;         // OpDef::grain
    int64_t weight_bytes = 0;  // Cost::weight_bytes
    bool target = false;
    std::vector<RingEdge> inputs;
    std::vector<std::pair<int, int>> readers;  // (position, index in that entry's `inputs`)
    int ring = 0;                              // position of the entry in whose ring it is made: most often its own
    std::vector<int> parts;                    // positions of others that are made in its ring
  };
  std::vector<Entry> entries;
  // Borders of bands, blocks and shares lie between cells: so many along the whole axis, whatever the value's own size,
  // and on multiples of the grain. So an element-by-element op is cut where its input is.
  int64_t row_cells = 1, column_cells = 1, grain = 1;
};
PhaseNodes CollectPhase(const Graph& graph, const AxisPlan& axes, const PhasePlan& phases, const Phase& phase,
                        const std::vector<RingPart>& parts);

// What one unit makes of every node: absolute rows and columns.
struct UnitRegion {
  std::vector<Range> rows, columns;  // by position
};
// How a phase is cut: bands x blocks units, `team` threads each.
struct PhaseCut {
  int64_t bands = 1, blocks = 1;
  int team = 1;
  int64_t strip = 8;  // rows of the tallest target that are made at a time
  // Groups of nodes take turns: each makes `turn` rows (of the tallest target; others in proportion) of what later
  // groups read, in strips, while its weights stay in the cache. A group has at most `group_bytes` of weights, or one
  // node with weights. No turn: the phase is one group.
  int64_t turn = 0, group_bytes = 0;
  int64_t threads() const { return bands * team; }
};
// The group of every entry, by position; groups follow each other as the entries do.
void AssignGroups(const PhaseNodes& nodes, const PhaseCut& cut, std::vector<int>* groups);
// Unit `band`, `block` of the cut: targets share the picture evenly; other nodes make what their readers need, halo
// included.
UnitRegion PlanUnit(const PhaseNodes& nodes, const PhaseCut& cut, int64_t band, int64_t block);
// The columns of entry `e` that member `member` of the unit's team makes: an even share of the entry's own, halo
// included, between cells. Empty for all but one where there is no column axis.
Range MemberColumns(const PhaseNodes& nodes, const PhaseCut& cut, const UnitRegion& region, size_t e, int member);

struct RowStep {
  int entry = 0;
  Range rows;
};

// Yields the steps of one unit. Restart allocates nothing after the first use.
class Puller {
 public:
  explicit Puller(const PhaseNodes& nodes);
  // Strips and turns are rows of the tallest target; other nodes in proportion.
  void Restart(const UnitRegion& region, const PhaseCut& cut);
  // False when the unit is complete.
  bool Next(RowStep* step);
  // Rows of entry `e` made so far: all below this.
  int64_t made(int e) const { return made_[e]; }
  // The lowest row of entry `e` that a reader has still to see.
  int64_t LowestAlive(int e) const;

 private:
  struct Frame {
    int entry;
    int64_t upto;
    size_t input;
  };
  bool PushTarget();
  // Where a step of entry `e` ends that begins at made(e) and is wanted up to `upto`.
  int64_t StepEnd(int e, int64_t upto) const;

  const PhaseNodes& nodes_;
  const UnitRegion* region_ = nullptr;
  std::vector<int64_t> made_, strip_, turn_;
  std::vector<int> groups_;
  std::vector<Frame> stack_;
  std::vector<int> targets_;
};

// Ring height of every entry (0 for targets, which are kept whole, and for those made in another's ring) that unit
// `region` needs, merged into `heights` by maximum. Returns the rows made, all entries together.
int64_t SimulateUnit(const PhaseNodes& nodes, const UnitRegion& region, const PhaseCut& cut,
                     std::vector<int64_t>* heights);

}  // namespace safelight
