// SPDX-License-Identifier: Apache-2.0
//
// The row engine on toy ops: whatever the strips, blocks and threads, the bits are the same, and
// rings stay small.
#include <gtest/gtest.h>

#include <functional>
#include <random>

#include "engine/executor.h"
#include "engine/plan.h"
#include "engine/receptive.h"
#include "engine/toy_ops_for_tests.h"
#include "graph/infer.h"

namespace safelight {
namespace {

using namespace toys;  // NOLINT(build/namespaces): the ops of these tests

std::vector<std::vector<float>> RunGraph(const Graph& graph, const PlanOptions& options, int threads,
                                         int64_t* ring_bytes = nullptr) {
  PlanOptions with_threads = options;
  with_threads.threads = threads;
  auto plan = MakePlan(graph, with_threads);
  EXPECT_TRUE(plan.ok()) << plan.status().message();
  if (ring_bytes != nullptr) *ring_bytes = (*plan)->ring_bytes;
  ThreadPool pool(threads);
  Executor executor(**plan, pool);
  std::mt19937 random(7);
  std::vector<float> input(graph.values[graph.inputs[0]].shape.elements());
  for (float& v : input) v = static_cast<float>(random() % 2001) / 1000 - 1;
  std::vector<std::vector<float>> results;
  std::vector<void*> pointers;
  for (ValueId output : graph.outputs) results.emplace_back(graph.values[output].shape.elements(), -77.f);
  for (auto& result : results) pointers.push_back(result.data());
  const void* in = input.data();
  for (int repeat = 0; repeat < 2; ++repeat) {
    const Status status = executor.Run({&in, 1}, pointers, nullptr);
    EXPECT_TRUE(status.ok()) << status.message();
  }
  return results;
}

void ExpectSameBits(const Graph& inferred) {
  const auto truth = RunGraph(inferred, {.strip_rows = 1000}, 1);
  for (int64_t strip : {1, 4, 7}) {
    for (int team : {1, 2, 4}) {
      const auto result = RunGraph(inferred, {.strip_rows = strip, .block_columns = 11, .team = team}, 4);
      EXPECT_EQ(result, truth) << "strip " << strip << " teams of " << team;
    }
    for (int64_t turn : {2, 9}) {
      const auto result = RunGraph(inferred, {.strip_rows = strip, .block_columns = 11, .turn_rows = turn}, 2);
      EXPECT_EQ(result, truth) << "strip " << strip << " groups in turns of " << turn << " rows";
    }
  }
  for (int64_t strip : {1, 2, 3, 5, 16}) {
    for (int64_t block : {0, 1, 4, 7}) {
      for (int threads : {1, 2, 3}) {
        const auto result = RunGraph(inferred, {.strip_rows = strip, .block_columns = block}, threads);
        EXPECT_EQ(result, truth) << "strip " << strip << " block " << block << " threads " << threads;
      }
    }
  }
}

TEST(EngineTest, ChainsHaveTheSameBitsForEveryCut) {
  Builder b({2, 23, 19, 3});
  ValueId v = b.graph.inputs[0];
  for (int i = 0; i < 4; ++i) v = b(window3_op, {v});
  b.graph.outputs = {v};
  ASSERT_TRUE(Infer(b.graph).ok());
  ExpectSameBits(b.graph);
}

TEST(EngineTest, SkipsStridesAndEnlargementsHaveTheSameBitsForEveryCut) {
  Builder b({1, 24, 20, 2});
  const ValueId a = b(window3_op, {b.graph.inputs[0]});
  const ValueId half = b(window3_op, {b(half_op, {a})});
  const ValueId quarter = b(window3_op, {b(half_op, {half})});
  const ValueId up = b(add_op, {b(double_op, {quarter}), half});
  const ValueId out = b(add_op, {b(double_op, {up}), a});
  b.graph.outputs = {out, up, a};
  ASSERT_TRUE(Infer(b.graph).ok());
  ExpectSameBits(b.graph);
}

TEST(EngineTest, WholeCellsHaveTheSameBitsForEveryCut) {
  Builder b({1, 30, 37, 2});
  const ValueId a = b(cells_op, {b(cells_op, {b.graph.inputs[0]})});
  const ValueId half = b(cells_op, {b(half_op, {a})});
  b.graph.outputs = {b(add_op, {b(window3_op, {b(cells_op, {a})}), a}), b(cells_op, {half})};
  ASSERT_TRUE(Infer(b.graph).ok());
  ExpectSameBits(b.graph);
}

TEST(EngineTest, ValuesWithoutColumnsHaveTheSameBitsForEveryCut) {
  Builder b({1, 25, 70, 3});
  const ValueId a = b(window3_op, {b.graph.inputs[0]});
  const ValueId sums = b(row_sum_op, {a});
  b.graph.outputs = {b(window3_op, {b(add_op, {a, sums})}), b(row_sum_op, {b(window3_op, {a})})};
  ASSERT_TRUE(Infer(b.graph).ok());
  ExpectSameBits(b.graph);
}

TEST(EngineTest, BlocksThatAreAllPaddingHaveTheSameBits) {
  Builder b({1, 12, 9, 2});
  const ValueId v = b(window3_op, {b(window3_op, {b.graph.inputs[0]})});
  b.graph.outputs = {b(margin_op, {v})};
  ASSERT_TRUE(Infer(b.graph).ok());
  ExpectSameBits(b.graph);
}

TEST(EngineTest, WhatHasNoColumnsIsMadeByOneMemberOfATeam) {
  Builder b({1, 40, 33, 2});
  const ValueId sums = b(row_sum_op, {b(window3_op, {b.graph.inputs[0]})});
  b.graph.outputs = {b(row_sum_op, {sums})};
  ASSERT_TRUE(Infer(b.graph).ok());
  const auto truth = RunGraph(b.graph, {.strip_rows = 1000}, 1);
  for (int team : {1, 2, 4}) {
    rows_summed = 0;
    EXPECT_EQ(RunGraph(b.graph, {.strip_rows = 3, .team = team}, team), truth) << "team of " << team;
    EXPECT_EQ(rows_summed, 2 * 2 * 40) << "team of " << team;  // two nodes, two runs
  }
}

TEST(EngineTest, BarriersAndReversedRowsHaveTheSameBitsForEveryCut) {
  Builder b({2, 17, 9, 2});
  const ValueId a = b(window3_op, {b.graph.inputs[0]});
  const ValueId shifted = b(add_op, {b(window3_op, {a}), b(mean_op, {a})});
  const ValueId flipped = b(flip_op, {b(window3_op, {shifted})});
  b.graph.outputs = {b(add_op, {flipped, a}), b.graph.inputs[0], a, a};
  ASSERT_TRUE(Infer(b.graph).ok());
  ExpectSameBits(b.graph);
}

TEST(EngineTest, RingsDoNotGrowWithTheHeightOfThePicture) {
  int64_t bytes[2];
  for (int tall = 0; tall < 2; ++tall) {
    Builder b({1, tall == 0 ? 64 : 640, 16, 4});
    ValueId v = b.graph.inputs[0];
    for (int i = 0; i < 5; ++i) v = b(window3_op, {v});
    b.graph.outputs = {b(add_op, {v, b.graph.inputs[0]})};
    ASSERT_TRUE(Infer(b.graph).ok());
    RunGraph(b.graph, {.strip_rows = 2}, 1, &bytes[tall]);
  }
  EXPECT_EQ(bytes[0], bytes[1]);
  // Five rings of at most 2 + 2 + 2 rows of 16 x 4 floats, and a little for alignment.
  EXPECT_LE(bytes[0], 5 * 6 * 16 * 4 * 4 + 5 * 128);
}

TEST(EngineTest, GroupsTakeTurnsOfManyRows) {
  Builder b({1, 64, 16, 4});
  ValueId v = b.graph.inputs[0];
  for (int i = 0; i < 4; ++i) v = b(window3_op, {v});
  b.graph.outputs = {v};
  ASSERT_TRUE(Infer(b.graph).ok());
  int changes[2];
  for (int grouped = 0; grouped < 2; ++grouped) {
    const auto plan = MakePlan(b.graph, {.strip_rows = 2, .turn_rows = grouped * 16});
    ASSERT_TRUE(plan.ok());
    const PhaseSchedule& schedule = (*plan)->schedules[0];
    Puller puller(schedule.nodes);
    puller.Restart(schedule.units[0], schedule.cut);
    RowStep step;
    changes[grouped] = 0;
    for (int last = -1; puller.Next(&step); last = step.entry) changes[grouped] += step.entry != last;
    if (grouped == 1) {
      EXPECT_NE((*plan)->notes.back().find("4 groups in turns of 16 rows"), std::string::npos) << (*plan)->notes.back();
    }
  }
  // Four nodes, 64 rows by turns of 16, and a few more at the borders; ungrouped each strip of 2 rows changes the node.
  EXPECT_LE(changes[1], 4 * 64 / 16 + 8);
  EXPECT_GE(changes[0], 4 * 64 / 2);
}

TEST(EngineTest, AMemoryLimitIsKeptOrRefusedWithTheNeed) {
  Builder b({1, 64, 64, 4});
  ValueId v = b.graph.inputs[0];
  for (int i = 0; i < 3; ++i) v = b(window3_op, {v});
  b.graph.outputs = {v};
  ASSERT_TRUE(Infer(b.graph).ok());
  auto free_plan = MakePlan(b.graph, {.threads = 2});
  ASSERT_TRUE(free_plan.ok());
  const int64_t limit = (*free_plan)->memory_bytes() / 3;
  auto small = MakePlan(b.graph, {.threads = 2, .memory_limit_bytes = limit});
  ASSERT_TRUE(small.ok()) << small.status().message();
  EXPECT_LE((*small)->memory_bytes(), limit);
  auto none = MakePlan(b.graph, {.threads = 2, .memory_limit_bytes = 100});
  ASSERT_FALSE(none.ok());
  EXPECT_EQ(none.status().code(), StatusCode::kResourceLimit);
  EXPECT_NE(none.status().message().find("KiB"), std::string::npos);
}

TEST(EngineTest, TheReachIsTheReceptiveField) {
  Builder b({1, 64, 64, 1});
  ValueId v = b(window3_op, {b(window3_op, {b.graph.inputs[0]})});
  b.graph.outputs = {b(double_op, {v})};
  ASSERT_TRUE(Infer(b.graph).ok());
  const AxisPlan axes = AssignAxes(b.graph);
  const ReachResult rows = FindReach(b.graph, axes, false);
  ASSERT_TRUE(rows.reach.has_value()) << rows.why_not;
  EXPECT_EQ(rows.reach->before, 2);
  EXPECT_EQ(rows.reach->after, 2);
  EXPECT_EQ(rows.reach->in_period, 1);
  EXPECT_EQ(rows.reach->out_period, 2);
}

TEST(EngineTest, ProgressMayCancel) {
  Builder b({1, 64, 8, 1});
  b.graph.outputs = {b(window3_op, {b.graph.inputs[0]})};
  ASSERT_TRUE(Infer(b.graph).ok());
  auto plan = MakePlan(b.graph, {.threads = 1, .strip_rows = 1});
  ASSERT_TRUE(plan.ok());
  ThreadPool pool(1);
  Executor executor(**plan, pool);
  std::vector<float> in(64 * 8), out(64 * 8);
  const void* in_data = in.data();
  void* out_data = out.data();
  int calls = 0;
  const std::function<bool(double)> stop = [&](double) { return ++calls < 5; };
  const Status status = executor.Run({&in_data, 1}, {&out_data, 1}, &stop);
  EXPECT_EQ(status.code(), StatusCode::kCancelled);
  EXPECT_EQ(calls, 5);
}

}  // namespace
}  // namespace safelight
