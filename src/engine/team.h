// SPDX-License-Identifier: Apache-2.0
//
// Threads that make one unit together, from shared rings.
//
// Every member walks the same steps and makes its own columns of each. Members must meet only where one reads columns
// that another made (a convolution's neighbours), or is about to overwrite rows that another may still be reading; both
// are known from the rows rule.
//
// On a busy machine a member may lose its core for milliseconds, many steps long. So a share that nobody has begun is
// taken over by whoever waits for it, and a member that kept the others waiting in the middle of a share stands aside
// for a while: the team is then as fast as its other members alone, not as slow as the interruptions.
#pragma once

#include <atomic>
#include <cstdint>
#include <vector>

#include "base/status.h"
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

// What one team has done of a phase. A member's steps are counted from 1 over all units of the phase.
class TeamProgress {
 public:
  explicit TeamProgress(int members) : members_(members), states_(static_cast<size_t>(members)) {}
  void Restart();
  int members() const { return members_; }

  // Takes step `count` of a member's share; false when somebody else has it. Only the next step can be taken.
  bool Claim(int member, int64_t count);
  void Finish(int member, int64_t count) { states_[member].done.store(count, std::memory_order_release); }
  int64_t claimed(int member) const { return states_[member].claimed.load(std::memory_order_acquire); }
  int64_t done(int member) const { return states_[member].done.load(std::memory_order_acquire); }

  // A member stands aside until this time of the steady clock.
  bool away(int member, int64_t now_ns) const {
    return states_[member].away_until_ns.load(std::memory_order_relaxed) > now_ns;
  }
  // `waiter` waited `waited_ns` for a share that `late` had begun. The first member never stands aside.
  void Blame(int late, int waiter, int64_t now_ns, int64_t waited_ns);

 private:
  struct alignas(64) State {
    std::atomic<int64_t> claimed{0}, done{0}, away_until_ns{0};
  };
  const int members_;
  std::vector<State> states_;
};

// One member's way through the steps of a phase: `run` makes the share of member `m` in a step.
class TeamMember {
 public:
  using RunShare = Status (*)(void* context, const RowStep& step, int member);
  TeamMember(TeamProgress& progress, int member) : progress_(progress), member_(member) {}
  void Restart();
  // Waits until all shares of all steps so far are done, helping. False when the run stops.
  bool Meet(RunShare run, void* context, const std::atomic<bool>& stop, Status* status);
  // The next step: after a meeting if `meet`. False when the run stops; `status` then says why, if this member knows.
  bool Step(const RowStep& step, bool meet, RunShare run, void* context, const std::atomic<bool>& stop, Status* status);

 private:
  static constexpr int64_t kHistory = 64;  // a power of two
  // Waits for one other member's share of all steps so far.
  bool Await(int other, RunShare run, void* context, const std::atomic<bool>& stop, Status* status);
  void StandAside(const std::atomic<bool>& stop);

  TeamProgress& progress_;
  const int member_;
  int64_t count_ = 0;      // steps so far
  int64_t met_ = 0;        // steps at the last meeting
  int64_t met_at_ns_ = 0;  // when that was
  RowStep history_[kHistory];
};

}  // namespace safelight
