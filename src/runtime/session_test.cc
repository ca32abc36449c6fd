// SPDX-License-Identifier: Apache-2.0
#include "safelight/session.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <thread>

#include "runtime/networks_for_tests.h"
#include "support/heap_meter.h"

namespace safelight {
namespace {

using testing::HasSubstr;

TEST(SessionTest, EachRunUsesTheMemoryThatItIsGiven) {
  const Model model = RowsNetwork();
  Session session = MustCreate(model, {.threads = 2});
  const RunMemory a(session, 1), b(session, 2);
  const std::vector<std::vector<float>> before = a.in;
  ASSERT_TRUE(a.Run(session).ok());
  ASSERT_TRUE(b.Run(session).ok());
  EXPECT_NE(a.out, b.out);
  EXPECT_EQ(a.in, before) << "an input was written to";
  const std::vector<std::vector<float>> first = a.out;
  ASSERT_TRUE(a.Run(session).ok());
  EXPECT_EQ(a.out, first);
}

TEST(SessionTest, InputsAndOutputsAreNotCopied) {
  // A session that copied either would need memory that grows with the height of the picture.
  const Model low = RowsNetwork(100), tall = RowsNetwork(1000);
  const SessionOptions options{.threads = 1, .strip_rows = 4};
  Session a = MustCreate(low, options), b = MustCreate(tall, options);
  EXPECT_EQ(a.memory_bytes(), b.memory_bytes());
}

TEST(SessionTest, RunAllocatesNothing) {
  if (!StartHeapMeter()) GTEST_SKIP() << "ALLOCATIONS WERE NOT COUNTED: the heap meter does not work in this build";
  const struct {
    const char* name;
    Model model;
    std::vector<StateBinding> states;
  } kCases[] = {{"rows", RowsNetwork(), {}},
                {"barrier", BarrierNetwork(), {}},
                {"whole", WholeNetwork(), {}},
                {"state", StateNetwork(), {{0, 1}}}};
  for (const auto& c : kCases) {
    for (int threads : {1, 2}) {
      Session session = MustCreate(c.model, {.threads = threads, .strip_rows = 2, .states = c.states});
      const RunMemory memory(session);
      std::atomic<int> calls = 0;
      const RunOptions options{[&calls](double) { return ++calls > 0; }};
      const int64_t before = HeapBlocksTaken();
      const Status first = memory.Run(session, options);
      const Status second = memory.Run(session);
      const int64_t after = HeapBlocksTaken();
      EXPECT_TRUE(first.ok() && second.ok());
      EXPECT_GT(calls, 0);
      EXPECT_EQ(after - before, 0) << c.name << ", threads " << threads;
    }
  }
  // The count itself works.
  const int64_t before = HeapBlocksTaken();
  MustCreate(kCases[0].model, {.threads = 1});
  EXPECT_GT(HeapBlocksTaken(), before);
}

TEST(SessionTest, ProgressCancelsWithinOneStrip) {
  const Model model = RowsNetwork(400);
  for (int threads : {1, 2}) {
    Session session = MustCreate(model, {.threads = threads, .strip_rows = 1});
    const RunMemory memory(session);
    std::atomic<int> calls = 0;
    const Status status = memory.Run(session, {[&calls](double) { return ++calls < 20; }});
    EXPECT_EQ(status.code(), StatusCode::kCancelled);
    EXPECT_EQ(calls, 20) << "called again after it said stop";
    // One thread: twenty steps of at most one row of the three nodes each. The others go on for one step more.
    const auto written = std::count_if(memory.out[0].begin(), memory.out[0].end(), [](float v) { return v != -77.0f; });
    if (threads == 1) {
      EXPECT_LE(written, 20 * 12 * 2);
    }
    EXPECT_LT(written, static_cast<std::ptrdiff_t>(memory.out[0].size()));
    Session fresh = MustCreate(model, {.threads = threads, .strip_rows = 1});
    EXPECT_EQ(ResultOf(session), ResultOf(fresh)) << "a cancelled session does not run as a new one";
  }
}

TEST(SessionTest, ProgressGrowsToOne) {
  const Model model = RowsNetwork(200);
  Session session = MustCreate(model, {.threads = 3, .strip_rows = 2});
  double last = 0;
  std::atomic<int> inside = 0;
  const RunMemory memory(session);
  const Status status = memory.Run(session, {[&](double share) {
                                     EXPECT_EQ(++inside, 1) << "two threads in the callback";
                                     EXPECT_GE(share, last);
                                     last = share;
                                     --inside;
                                     return true;
                                   }});
  EXPECT_TRUE(status.ok());
  EXPECT_EQ(last, 1.0);
}

TEST(SessionTest, AResizedSessionRunsAsANewOne) {
  const Model model = RowsNetwork();
  const Shape large{1, 57, 31, 2};
  Session session = MustCreate(model, {.threads = 2, .strip_rows = 3});
  const auto at_first = ResultOf(session);
  ASSERT_TRUE(session.Resize({large}).ok());
  EXPECT_EQ(session.outputs()[0].shape, large);
  Session fresh = MustCreate(model, {.input_shapes = {large}});
  EXPECT_EQ(ResultOf(session), ResultOf(fresh));
  EXPECT_EQ(session.plan().strip_rows, 3) << "the options are gone";
  ASSERT_TRUE(session.Resize({Shape{1, 40, 12, 2}}).ok());
  EXPECT_EQ(ResultOf(session), at_first);
}

TEST(SessionTest, AResizeThatFailsLeavesTheSessionAsItWas) {
  Session session = MustCreate(RowsNetwork());
  const auto before = ResultOf(session);
  const Status channels = session.Resize({Shape{1, 40, 12, 5}});
  EXPECT_FALSE(channels.ok());
  EXPECT_THAT(channels.message(), HasSubstr("CONV_2D"));
  EXPECT_FALSE(session.Resize({Shape{1, 0, 12, 2}}).ok());
  EXPECT_FALSE(session.Resize({Shape{40, 12}}).ok());
  EXPECT_FALSE(session.Resize({Shape(), Shape()}).ok());
  EXPECT_EQ(ResultOf(session), before);
}

TEST(SessionTest, SessionsShareTheCallersPool) {
  const Model model = RowsNetwork(400);
  std::shared_ptr<ThreadPool> pool = MakeThreadPool(3);
  Session a = MustCreate(model, {.threads = 7, .pool = pool});
  Session b = MustCreate(model, {.pool = pool});
  EXPECT_EQ(a.plan().threads, 3) << "the pool does not override the number of threads";
  EXPECT_GE(pool.use_count(), 3) << "a session made threads of its own";
  pool.reset();
  EXPECT_EQ(ResultOf(a), ResultOf(b));
}

TEST(SessionTest, SessionsShareThePackedWeightsOfTheirModel) {
  const Model model = RowsNetwork();
  Session a = MustCreate(model);
  const int64_t packed = a.plan().packed_weight_bytes;
  EXPECT_GT(packed, 0);
  Session b = MustCreate(model, {.input_shapes = {{1, 64, 64, 2}}, .strip_rows = 1});
  ASSERT_TRUE(a.Resize({Shape{1, 20, 20, 2}}).ok());
  EXPECT_EQ(b.plan().packed_weight_bytes, packed);
  EXPECT_EQ(a.plan().packed_weight_bytes, packed);
}

TEST(SessionTest, SessionsOfOneModelRunAtTheSameTime) {
  const Model model = RowsNetwork(300);
  Session plain = MustCreate(model, {.threads = 1});
  const auto truth = ResultOf(plain);
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&model, &truth, t] {
      Session session = MustCreate(model, {.threads = 1 + t % 2, .strip_rows = 1 + t});
      for (int i = 0; i < 3; ++i) EXPECT_EQ(ResultOf(session), truth);
    });
  }
  for (std::thread& thread : threads) thread.join();
}

TEST(SessionTest, AStateIsTheNextRunsInput) {
  const Model model = StateNetwork();
  Session session = MustCreate(model, {.threads = 2, .strip_rows = 1, .states = {{0, 1}}});
  RunMemory memory(session);
  memory.inputs[1].data = nullptr;
  std::fill(memory.in[0].begin(), memory.in[0].end(), 1.0f);
  for (int run = 1; run <= 3; ++run) {
    memory.outputs[0].data = run == 2 ? nullptr : memory.out[0].data();  // the copy is the caller's choice
    ASSERT_TRUE(memory.Run(session).ok());
    EXPECT_EQ(memory.out[1][0], static_cast<float>(run));
    EXPECT_EQ(memory.out[0][119], run == 2 ? 1.0f : static_cast<float>(run));
  }
  const Status cancelled = memory.Run(session, {[](double) { return false; }});
  EXPECT_EQ(cancelled.code(), StatusCode::kCancelled);
  ASSERT_TRUE(memory.Run(session).ok());
  EXPECT_EQ(memory.out[1][60], 4.0f) << "a cancelled run moved the state";
  session.ResetStates();
  ASSERT_TRUE(memory.Run(session).ok());
  EXPECT_EQ(memory.out[1][60], 1.0f);
  Session stateless = MustCreate(model, {.threads = 2, .strip_rows = 1});
  EXPECT_EQ(session.memory_bytes() - stateless.memory_bytes(), 2 * 20 * 6 * 4) << "two buffers a state";
}

TEST(SessionTest, StatesThatDoNotFitAreRefused) {
  const Model model = StateNetwork();
  for (const std::vector<StateBinding>& states : {std::vector<StateBinding>{{2, 1}}, {{0, -1}}, {{0, 1}, {1, 1}}}) {
    const Result<Session> session = Session::Create(model, {.states = states});
    ASSERT_FALSE(session.ok());
    EXPECT_THAT(session.status().message(), HasSubstr("state binding"));
  }
  const Result<Session> sizes =
      Session::Create(model, {.input_shapes = {{1, 20, 6, 1}, {1, 1, 1, 1}}, .states = {{0, 1}}});
  ASSERT_FALSE(sizes.ok());
  EXPECT_THAT(sizes.status().message(), HasSubstr("1x20x6x1"));
}

TEST(SessionTest, WrongMemoryIsRefusedByName) {
  Session session = MustCreate(RowsNetwork());
  RunMemory memory(session);
  EXPECT_THAT(session.Run({}, memory.outputs).message(), HasSubstr("0 inputs given, the network has 1"));
  EXPECT_THAT(session.Run(memory.inputs, {}).message(), HasSubstr("0 outputs given"));
  memory.inputs[0].dtype = DType::kUInt8;
  EXPECT_THAT(memory.Run(session).message(), HasSubstr("input 0 'x' is given as uint8"));
  memory.inputs[0] = {DType::kFloat32, Shape{1, 41, 12, 2}, memory.in[0].data()};
  EXPECT_THAT(memory.Run(session).message(), HasSubstr("1x41x12x2, the session takes float32 1x40x12x2"));
  memory.inputs[0] = {DType::kFloat32, Shape{1, 40, 12, 2}, nullptr};
  EXPECT_THAT(memory.Run(session).message(), HasSubstr("'x' has no memory"));
}

TEST(SessionTest, OptionsThatMakeNoSenseAreRefused) {
  const Model model = RowsNetwork();
  EXPECT_FALSE(Session::Create(model, {.threads = -1}).ok());
  EXPECT_FALSE(Session::Create(model, {.threads = 5000}).ok());
  EXPECT_FALSE(Session::Create(model, {.strip_rows = -1}).ok());
  EXPECT_FALSE(Session::Create(model, {.block_columns = -1}).ok());
  const Result<Session> poor = Session::Create(model, {.memory_limit_bytes = 100});
  ASSERT_FALSE(poor.ok());
  EXPECT_EQ(poor.status().code(), StatusCode::kResourceLimit);
  EXPECT_THAT(poor.status().message(), HasSubstr("network for tests: "));
}

}  // namespace
}  // namespace safelight
