// SPDX-License-Identifier: Apache-2.0
#include "engine/team.h"

#include <sched.h>

#include <algorithm>

#include "base/thread_pool.h"

namespace safelight {
namespace {

// A thread that yields may lose its core for a whole time slice, so a wait spins for about as long as that slice;
// unless there are more members than cores, when the one waited for may need this very core.
constexpr int kSpins = 50'000, kSpinsOfMany = 100;

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
  bool meet = read_across_[e] != 0;
  for (size_t i = 0; i < inputs.size(); ++i) meet = meet || (across[i] && written_[inputs[i].from] != 0);
  if (meet) Forget();
  written_[e] = 1;
  for (size_t i = 0; i < inputs.size(); ++i) {
    if (across[i]) read_across_[inputs[i].from] = 1;
  }
  return meet;
}

bool Meeting::Arrive(int members, int64_t count, const std::atomic<bool>& stop) {
  const int64_t all = members * count;
  if (arrived_.fetch_add(1, std::memory_order_acq_rel) + 1 >= all) return !stop.load(std::memory_order_relaxed);
  static const int cores = AvailableCores();
  const int patience = members <= cores ? kSpins : kSpinsOfMany;
  for (int spins = 0; arrived_.load(std::memory_order_acquire) < all; ++spins) {
    if (stop.load(std::memory_order_relaxed)) return false;
    if (spins < patience) {
      Pause();
    } else {
      sched_yield();
    }
  }
  return true;
}

}  // namespace safelight
