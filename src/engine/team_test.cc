// SPDX-License-Identifier: Apache-2.0
#include "engine/team.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

#include "base/thread_pool.h"

namespace safelight {
namespace {

// A chain of entries of 64 by 64: every rule reads `before` columns before and `after` after its own.
struct Chain {
  std::vector<EdgeRules> rules;
  PhaseNodes nodes;

  explicit Chain(const std::vector<std::pair<int, int>>& reach) : rules(reach.size()) {
    nodes.row_cells = nodes.column_cells = 64;
    for (size_t e = 0; e < reach.size(); ++e) {
      PhaseNodes::Entry entry;
      entry.rows = entry.columns = 64;
      entry.target = e + 1 == reach.size();
      const auto [before, after] = reach[e];
      rules[e].row = AxisRule::Same(1, 64);
      rules[e].col = AxisRule::Window(2, 64, 1, -before, before + after + 1);
      rules[e].by_rows = rules[e].by_cols = true;
      if (e > 0) {
        entry.inputs.push_back({static_cast<int>(e) - 1, 0, &rules[e]});
        nodes.entries[e - 1].readers.emplace_back(static_cast<int>(e), 0);
      }
      nodes.entries.push_back(entry);
    }
  }
};

UnitShares Share(const Chain& chain, int team) {
  const PhaseCut cut{.bands = 1, .blocks = 1, .team = team, .strip = 1};
  return ShareUnit(chain.nodes, cut, PlanUnit(chain.nodes, cut, 0, 0));
}

TEST(TeamTest, SharesCoverTheUnitWithoutOverlap) {
  const Chain chain({{0, 0}, {1, 1}, {0, 0}});
  const UnitShares shares = Share(chain, 3);
  for (size_t e = 0; e < chain.nodes.entries.size(); ++e) {
    int64_t at = 0;
    for (const auto& own : shares.columns) {
      EXPECT_EQ(own[e].begin, at);
      at = own[e].end;
    }
    EXPECT_EQ(at, 64);
  }
}

TEST(TeamTest, ElementsOfAMembersOwnColumnsNeedNoMeeting) {
  const Chain chain({{0, 0}, {0, 0}, {0, 0}});
  const UnitShares shares = Share(chain, 2);
  Hazards hazards(chain.nodes);
  hazards.Restart(shares);
  for (int repeat = 0; repeat < 3; ++repeat) {
    for (int e = 0; e < 3; ++e) EXPECT_FALSE(hazards.MustMeet(e)) << repeat << " " << e;
  }
}

TEST(TeamTest, ReadingANeighboursColumnsNeedsAMeetingBeforeAndOverwritingThemAnother) {
  const Chain chain({{0, 0}, {1, 1}});
  const UnitShares shares = Share(chain, 2);
  Hazards hazards(chain.nodes);
  hazards.Restart(shares);
  EXPECT_FALSE(hazards.MustMeet(0));  // its ring is fresh
  EXPECT_TRUE(hazards.MustMeet(1));   // reads columns that the other has just made
  EXPECT_FALSE(hazards.MustMeet(1));  // nothing new was written
  EXPECT_TRUE(hazards.MustMeet(0));   // the other may still be reading what this overwrites
  EXPECT_TRUE(hazards.MustMeet(1));
}

TEST(TeamTest, AMemberAloneNeverMeets) {
  const Chain chain({{0, 0}, {1, 1}});
  const UnitShares shares = Share(chain, 1);
  Hazards hazards(chain.nodes);
  hazards.Restart(shares);
  for (int e : {0, 1, 0, 1}) EXPECT_FALSE(hazards.MustMeet(e));
}

TEST(TeamTest, NobodyPassesAMeetingBeforeAllHaveArrived) {
  constexpr int kMembers = 3, kTimes = 200;
  Meeting meeting;
  meeting.Restart();
  std::atomic<bool> stop{false};
  std::vector<std::atomic<int>> reached(kMembers);
  std::atomic<int> early{0};
  std::vector<std::thread> threads;
  for (int m = 0; m < kMembers; ++m) {
    threads.emplace_back([&, m] {
      for (int time = 1; time <= kTimes; ++time) {
        reached[m].store(time);
        EXPECT_TRUE(meeting.Arrive(kMembers, time, stop));
        for (const auto& other : reached) early += other.load() < time ? 1 : 0;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(early, 0);
}

TEST(TeamTest, AStoppedRunLeavesNobodyWaiting) {
  Meeting meeting;
  meeting.Restart();
  std::atomic<bool> stop{true};
  EXPECT_FALSE(meeting.Arrive(2, 1, stop));
}

}  // namespace
}  // namespace safelight
