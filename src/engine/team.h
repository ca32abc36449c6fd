// SPDX-License-Identifier: Apache-2.0
//
// Threads that make one unit together, from shared rings.
//
// Every member walks the same steps and makes its own columns of each. Members must wait for each other only where
// one reads columns that another made (a convolution's neighbours), or is about to overwrite rows that another may
// still be reading; both are known from the rows rule, so most steps need no wait.
#pragma once

#include <atomic>
#include <cstdint>
#include <vector>

#include "engine/schedule.h"

namespace safelight {

// The shares of a unit's members, and which of its edges reach into a neighbour's share.
struct UnitShares {
  std::vector<std::vector<Range>> columns;  // by member, by position
  std::vector<std::vector<bool>> across;    // by position, by index in that entry's `inputs`
};
UnitShares ShareUnit(const PhaseNodes& nodes, const PhaseCut& cut, const UnitRegion& region);

// Which steps must wait. One for each member; all come to the same answers.
class Hazards {
 public:
  explicit Hazards(const PhaseNodes& nodes);
  void Restart(const UnitShares& shares);
  // True when the team must meet before the next step, which is one of entry `e`; then records that step.
  bool MustMeet(int e);

 private:
  void Forget();

  const PhaseNodes& nodes_;
  const UnitShares* shares_ = nullptr;
  // Since the last meeting: rows of the entry's ring were written; were read by members other than their maker.
  std::vector<char> written_, read_across_;
};

// A place where the members of a team meet, again and again. Waits spin, then yield.
class Meeting {
 public:
  void Restart() { arrived_.store(0, std::memory_order_relaxed); }
  // The `count`-th meeting (from 1) of `members`; false as soon as `stop` is set.
  bool Arrive(int members, int64_t count, const std::atomic<bool>& stop);

 private:
  alignas(64) std::atomic<int64_t> arrived_{0};
};

}  // namespace safelight
