// SPDX-License-Identifier: Apache-2.0
#include "engine/half_storage.h"

#include <gtest/gtest.h>

#include "base/half.h"
#include "engine/passes/support/network_for_tests.h"

namespace safelight::testing_passes {
namespace {

using Results = std::vector<std::vector<float>>;

std::vector<NamedPass> AllPasses() {
  const auto passes = EnginePasses();
  return {passes.begin(), passes.end()};
}

// A convolution whose results are about as large as what it reads: float16 ends at 65504.
ValueId Conv(Network& net, ValueId in, int64_t channels, std::map<int, double> options = {}) {
  const float scale = 0.2f / static_cast<float>(net.graph.values[in].shape[3]);
  return net.Op("MUL", {net.Conv(in, channels, std::move(options)), net.Scalar(scale)});
}

// Windows, strides, a skip, a concatenation, a resize, a reduction that is a barrier, pixels that are moved.
Network MixedNetwork() {
  Network net;
  const ValueId in = net.Input({2, 33, 37, 3});
  const ValueId first = Conv(net, in, 16), second = net.Depthwise(first);
  const ValueId small = Conv(net, second, 8, {{1, 2}, {2, 2}});
  const ValueId mean = net.Op("MEAN", {small, net.Ints({1, 2})}, {{0, 1}});
  const ValueId scaled = net.Op("MUL", {small, mean});
  const ValueId large = net.Op("RESIZE_BILINEAR", {scaled, net.Ints({33, 37})}, {{3, 1}});
  const ValueId joined = net.Op("CONCATENATION", {first, large}, {{0, 3}});
  const ValueId sum = net.Op("ADD", {Conv(net, joined, 16), first});
  net.Outputs({Conv(net, net.Op("TANH", {sum}), 3), net.Op("DEPTH_TO_SPACE", {sum}, {{0, 2}})});
  return net;
}

Results RunHalf(const Graph& graph, PlanOptions options) {
  options.half = true;
  return testing_passes::Run(graph, AllPasses(), options);
}

TEST(HalfStorageTest, ResultsAreNearAndHaveTheSameBitsForEveryCut) {
  const Network net = MixedNetwork();
  const Results exact = testing_passes::Run(net.graph, AllPasses(), {}), half = RunHalf(net.graph, {});
  ExpectNear(half, exact, 4e-3f);
  EXPECT_NE(half, exact);
  for (const int64_t strip : {1, 3, 1000}) {
    for (const int64_t block : {0, 5}) {
      for (const int threads : {1, 2}) {
        for (const int team : {1, threads}) {
          const PlanOptions cut{.threads = threads, .strip_rows = strip, .block_columns = block, .team = team};
          EXPECT_EQ(RunHalf(net.graph, cut), half) << strip << ' ' << block << ' ' << threads << ' ' << team;
        }
      }
    }
  }
}

TEST(HalfStorageTest, AStoredValueIsRoundedOnce) {
  Network net;
  // What is neither stored nor joined with another op is not rounded: the input and the output.
  const ValueId in = net.Input({1, 9, 8, 2});
  net.Outputs({net.Op("NEG", {net.Op("MAX_POOL_2D", {in}, {{1, 1}, {2, 1}, {3, 2}, {4, 1}})})});
  const Results exact = testing_passes::Run(net.graph, Passes({}), {.fast = false});
  const Results half = testing_passes::Run(net.graph, Passes({}), {.fast = false, .half = true});
  for (size_t i = 0; i < exact[0].size(); ++i) {
    EXPECT_EQ(half[0][i], HalfToFloat(FloatToHalf(exact[0][i]))) << i;
  }
}

TEST(HalfStorageTest, RingsTakeHalfTheMemoryAndLimitsHold) {
  Network net;
  ValueId value = net.Input({1, 200, 160, 8});
  for (int i = 0; i < 12; ++i) value = net.Conv(value, 24);
  net.Outputs({value});
  const PlanOptions one{.strip_rows = 2, .block_columns = 160};
  PlanOptions halved = one;
  halved.half = true;
  const auto floats = MakePlan(net.graph, one, Passes({}));
  const auto halves = MakePlan(net.graph, halved, Passes({}));
  ASSERT_TRUE(floats.ok() && halves.ok());
  EXPECT_LT((*halves)->ring_bytes, (*floats)->ring_bytes * 51 / 100);
  EXPECT_LT((*halves)->memory_bytes(), (*floats)->memory_bytes() * 7 / 10);
  const int64_t limit = (*halves)->memory_bytes() / 2;
  const auto limited = MakePlan(net.graph, {.memory_limit_bytes = limit, .half = true}, Passes({}));
  ASSERT_TRUE(limited.ok()) << limited.status().message();
  EXPECT_LE((*limited)->memory_bytes(), limit);
}

TEST(HalfStorageTest, NamedValuesStayFloatAndLossesAreSummedUp) {
  Network net;
  const ValueId large = net.Op("MUL", {net.Input({1, 6, 7, 2}), net.Scalar(50000)});
  net.Outputs(
      {net.Op("MUL", {net.Op("AVERAGE_POOL_2D", {large}, {{1, 1}, {2, 1}, {3, 1}, {4, 1}}), net.Scalar(1e-4f)})});
  const std::string name = net.graph.values[large].name;
  const auto exact = testing_passes::Run(net.graph, Passes({}), {});
  EXPECT_NE(testing_passes::Run(net.graph, Passes({}), {.half = true}), exact);
  const std::string pooled = net.graph.values[net.graph.nodes[1].outputs[0]].name;
  EXPECT_EQ(testing_passes::Run(net.graph, Passes({}), {.half = true, .keep_float = {name, pooled}}), exact);

  const auto plan = MakePlan(net.graph, {.half = true}, Passes({}));
  ASSERT_TRUE(plan.ok());
  ThreadPool pool(1);
  Executor executor(**plan, pool, /*watch=*/true);
  std::vector<float> in(84, 1.0f), out(84);
  in[5] = 2;  // 100000, beyond what float16 holds
  const void* inputs[] = {in.data()};
  void* outputs[] = {out.data()};
  ASSERT_TRUE(executor.Run(inputs, outputs, nullptr).ok());
  const auto losses = executor.Losses();
  EXPECT_EQ(losses[static_cast<size_t>(large)].beyond, 1);
  EXPECT_GT(losses[static_cast<size_t>(large)].squares, 0);
  EXPECT_EQ(losses[static_cast<size_t>(net.graph.outputs[0])].squares, 0);
}

}  // namespace
}  // namespace safelight::testing_passes
