// SPDX-License-Identifier: Apache-2.0
#include "engine/team.h"

#include <gtest/gtest.h>

#include <chrono>
#include <thread>
#include <vector>

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
      entry.ring = static_cast<int>(e);
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

TEST(TeamTest, SharesAreEvenWithTheHaloOfABlock) {
  const Chain chain({{0, 0}, {3, 3}, {3, 3}, {3, 3}});
  const PhaseCut cut{.bands = 1, .blocks = 2, .team = 2, .strip = 1};
  for (int64_t block : {0, 1}) {
    const UnitShares shares = ShareUnit(chain.nodes, cut, PlanUnit(chain.nodes, cut, 0, block));
    // 32 columns of the last, 9 more of the first, on the side of the other block.
    for (size_t e = 0; e < chain.nodes.entries.size(); ++e) {
      const int64_t first = shares.columns[0][e].size(), second = shares.columns[1][e].size();
      EXPECT_EQ(first + second, 32 + 3 * (3 - static_cast<int64_t>(e)));
      EXPECT_LE(std::abs(first - second), 1) << "entry " << e;
    }
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

// Members of a team walk through `kSteps` steps and meet before each.
struct Walk {
  static constexpr int kMembers = 3, kSteps = 300;
  TeamProgress progress{kMembers};
  std::atomic<bool> stop{false};
  std::atomic<int> made[kSteps + 1][kMembers] = {};
  std::atomic<int> early{0};

  static Status Make(void* context, const RowStep& step, int member) {
    Walk& walk = *static_cast<Walk*>(context);
    const int number = step.entry;
    for (int m = 0; m < kMembers && number > 0; ++m) walk.early += walk.made[number - 1][m] != 1 ? 1 : 0;
    ++walk.made[number][member];
    return {};
  }

  void Go(int member, int nap_every) {
    TeamMember way(progress, member);
    way.Restart();
    Status status;
    for (int number = 0; number < kSteps; ++number) {
      if (nap_every > 0 && number % nap_every == 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));
      RowStep step;
      step.entry = number;
      EXPECT_TRUE(way.Step(step, /*meet=*/true, &Walk::Make, this, stop, &status));
    }
    EXPECT_TRUE(way.Meet(&Walk::Make, this, stop, &status));
  }
};

TEST(TeamTest, EveryShareIsMadeOnceAndNoneBeforeTheStepBeforeIsComplete) {
  for (int nap_every : {0, 7}) {
    Walk walk;
    walk.progress.Restart();
    std::vector<std::thread> threads;
    for (int m = 0; m < Walk::kMembers; ++m) threads.emplace_back([&, m] { walk.Go(m, m == 1 ? nap_every : 0); });
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(walk.early, 0);
    for (int number = 0; number < Walk::kSteps; ++number) {
      for (int m = 0; m < Walk::kMembers; ++m) ASSERT_EQ(walk.made[number][m], 1) << number << " " << m;
    }
  }
}

TEST(TeamTest, AMemberMakesAllSharesWhenTheOthersNeverCome) {
  Walk walk;
  walk.progress.Restart();
  walk.Go(0, 0);
  EXPECT_EQ(walk.early, 0);
  EXPECT_EQ(walk.made[Walk::kSteps - 1][2], 1);
  // Whoever comes late finds everything done.
  walk.Go(2, 0);
  EXPECT_EQ(walk.made[0][2], 1);
}

TEST(TeamTest, AStoppedRunLeavesNobodyWaiting) {
  TeamProgress progress(2);
  progress.Restart();
  TeamMember way(progress, 0);
  way.Restart();
  Walk walk;
  Status status;
  ASSERT_TRUE(progress.Claim(1, 1));  // by somebody who never finishes
  ASSERT_TRUE(way.Step({}, false, &Walk::Make, &walk, walk.stop, &status));
  walk.stop = true;
  EXPECT_FALSE(way.Meet(&Walk::Make, &walk, walk.stop, &status));
}

}  // namespace
}  // namespace safelight
