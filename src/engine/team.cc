// SPDX-License-Identifier: Apache-2.0
#include "engine/team.h"

#include <sched.h>
#include <time.h>

#include <algorithm>
#include <chrono>

namespace safelight {
namespace {

// A share that nobody has begun is taken over after this long; its member may just be a little late.
constexpr int64_t kPatienceNs = 10'000;
// A share in the making is late when it takes so much longer than the waiter's own.
constexpr int64_t kLateNs = 100'000;
constexpr int64_t kLateFactor = 2;
// Who was late stands aside for so many times as long as the others waited.
constexpr int64_t kAwayFactor = 20;
constexpr int kSpinsPerLook = 16, kLooksOfOwn = 200;
constexpr int64_t kNapNs = 100'000;

int64_t NowNs() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

void Pause() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

bool Contains(Range outer, Range inner) {
  return inner.empty() || (outer.begin <= inner.begin && inner.end <= outer.end);
}

}  // namespace

UnitShares ShareUnit(const PhaseNodes& nodes, const PhaseCut& cut, const UnitRegion& region) {
  const size_t count = nodes.entries.size();
  UnitShares shares;
  shares.columns.resize(static_cast<size_t>(cut.team));
  for (int m = 0; m < cut.team; ++m) {
    for (size_t e = 0; e < count; ++e) shares.columns[m].push_back(MemberColumns(nodes, cut, region, e, m));
  }
  shares.across.resize(count);
  for (size_t e = 0; e < count; ++e) {
    for (const RingEdge& edge : nodes.entries[e].inputs) {
      const bool across = std::any_of(shares.columns.begin(), shares.columns.end(), [&](const auto& own) {
        if (own[e].empty()) return false;
        const Range all{0, nodes.entries[edge.from].columns};
        return !Contains(own[edge.from], edge.rules->by_cols ? edge.rules->col.Need(own[e]) : all);
      });
      shares.across[e].push_back(across);
    }
  }
  return shares;
}

Hazards::Hazards(const PhaseNodes& nodes)
    : nodes_(nodes), written_(nodes.entries.size()), read_across_(nodes.entries.size()) {}

void Hazards::Forget() {
  std::fill(written_.begin(), written_.end(), 0);
  std::fill(read_across_.begin(), read_across_.end(), 0);
}

void Hazards::Restart(const UnitShares& shares) {
  shares_ = &shares;
  Forget();
}

bool Hazards::MustMeet(int e) {
  const std::vector<RingEdge>& inputs = nodes_.entries[e].inputs;
  const std::vector<bool>& across = shares_->across[e];
  bool meet = read_across_[nodes_.entries[e].ring] != 0;
  for (size_t i = 0; i < inputs.size(); ++i) meet = meet || (across[i] && written_[inputs[i].from] != 0);
  if (meet) Forget();
  written_[e] = 1;
  for (size_t i = 0; i < inputs.size(); ++i) {
    if (across[i]) read_across_[inputs[i].from] = 1;
  }
  return meet;
}

void TeamProgress::Restart() {
  for (State& state : states_) {
    state.claimed.store(0, std::memory_order_relaxed);
    state.done.store(0, std::memory_order_relaxed);
  }
}

bool TeamProgress::Claim(int member, int64_t count) {
  int64_t before = count - 1;
  return states_[member].claimed.compare_exchange_strong(before, count, std::memory_order_acq_rel);
}

void TeamProgress::Blame(int late, int waiter, int64_t now_ns, int64_t waited_ns) {
  const int aside = late != 0 ? late : waiter;
  if (aside != 0) states_[aside].away_until_ns.store(now_ns + kAwayFactor * waited_ns, std::memory_order_relaxed);
}

void TeamMember::Restart() {
  count_ = met_ = 0;
  met_at_ns_ = NowNs();
}

bool TeamMember::Await(int other, RunShare run, void* context, const std::atomic<bool>& stop, Status* status) {
  if (progress_.done(other) >= count_) return true;
  const int64_t began = NowNs();
  int64_t now = began;
  const int64_t late_after = kLateFactor * (began - met_at_ns_) + kLateNs;
  int64_t stuck = -1;  // the step that the other is in the middle of, once it is late
  while (progress_.done(other) < count_) {
    if (stop.load(std::memory_order_relaxed)) return false;
    const int64_t done = progress_.done(other), claimed = progress_.claimed(other);
    if (claimed == done && claimed < count_ && (now - began > kPatienceNs || progress_.away(other, now))) {
      if (!progress_.Claim(other, claimed + 1)) continue;
      *status = run(context, history_[(claimed + 1) % kHistory], other);
      if (!status->ok()) return false;
      progress_.Finish(other, claimed + 1);
      continue;
    }
    if (claimed > done && now - began > late_after) {
      // Its thread has lost its core; it may be waiting for this one.
      stuck = claimed;
      sched_yield();
    }
    for (int i = 0; i < kSpinsPerLook; ++i) Pause();
    now = NowNs();
  }
  if (stuck >= 0) progress_.Blame(other, member_, now, now - began);
  return true;
}

bool TeamMember::AwaitOwn(const std::atomic<bool>& stop) {
  for (int looks = 0; progress_.done(member_) < count_; ++looks) {
    if (stop.load(std::memory_order_relaxed)) return false;
    for (int i = 0; i < kSpinsPerLook; ++i) Pause();
    if (looks > kLooksOfOwn) sched_yield();
  }
  return true;
}

bool TeamMember::Meet(RunShare run, void* context, const std::atomic<bool>& stop, Status* status) {
  for (int other = 0; other < progress_.members(); ++other) {
    if (other != member_ && !Await(other, run, context, stop, status)) return false;
  }
  // One's own share may have been taken over, and its taker been interrupted.
  if (!AwaitOwn(stop)) return false;
  met_ = count_;
  met_at_ns_ = NowNs();
  return true;
}

void TeamMember::StandAside(const std::atomic<bool>& stop) {
  // Until the time is over, or the others have come past this step.
  while (progress_.away(member_, NowNs()) && progress_.claimed(member_) < count_ + 1 &&
         !stop.load(std::memory_order_relaxed)) {
    const timespec nap{0, kNapNs};
    nanosleep(&nap, nullptr);
  }
}

bool TeamMember::Step(const RowStep& step, bool meet, RunShare run, void* context, const std::atomic<bool>& stop,
                      Status* status) {
  if ((meet || count_ - met_ == kHistory) && !Meet(run, context, stop, status)) return false;
  if (progress_.away(member_, met_at_ns_)) StandAside(stop);
  // Somebody may still be making the share before, which this one builds upon.
  if (progress_.claimed(member_) == count_ && !AwaitOwn(stop)) return false;
  ++count_;
  history_[count_ % kHistory] = step;
  if (!progress_.Claim(member_, count_)) return true;
  *status = run(context, step, member_);
  if (!status->ok()) return false;
  progress_.Finish(member_, count_);
  return true;
}

}  // namespace safelight
