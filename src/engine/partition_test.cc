// SPDX-License-Identifier: Apache-2.0
#include "engine/partition.h"

#include <gmock/gmock.h>

#include <cmath>
#include <set>

#include "engine/delegate_part.h"
#include "engine/passes/support/network_for_tests.h"

namespace safelight {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing_passes::Names;
using testing_passes::Network;

// How a delegate of these tests behaves.
struct Behaviour {
  std::set<std::string> ops;  // that it takes
  std::string compile_error = {}, run_error = {};
  bool writes_nan = false;
  int* runs = nullptr;
  std::vector<std::vector<std::string>>* compiled = nullptr;  // the ops of each part
};

class PartForTests : public CompiledPart {
 public:
  PartForTests(std::shared_ptr<const Graph> part, Behaviour behaviour)
      : part_(std::move(part)), behaviour_(std::move(behaviour)) {}

  Status Run(std::span<const ConstTensorView> inputs, std::span<const TensorView> outputs) override {
    if (behaviour_.runs != nullptr) ++*behaviour_.runs;
    if (!behaviour_.run_error.empty()) return Unsupported(behaviour_.run_error);
    SL_ASSIGN(const auto plan, MakePlan(*part_, {.fast = false}));
    ThreadPool pool(1);
    Executor executor(*plan, pool);
    std::vector<const void*> from;
    std::vector<void*> to;
    for (const ConstTensorView& input : inputs) from.push_back(input.data);
    for (const TensorView& output : outputs) to.push_back(output.data);
    SL_TRY(executor.Run(from, to, nullptr));
    if (behaviour_.writes_nan) static_cast<float*>(outputs[0].data)[3] = NAN;
    return {};
  }

 private:
  const std::shared_ptr<const Graph> part_;
  const Behaviour behaviour_;
};

class DelegateForTests : public Delegate {
 public:
  DelegateForTests(const char* name, Behaviour behaviour) : behaviour_(std::move(behaviour)) { info_.name = name; }
  const DelegateInfo& info() const override { return info_; }
  Verdict Supports(const Graph&, const Node& node) const override {
    if (behaviour_.ops.count(node.op->name) > 0) return Verdict::Yes();
    return Verdict::No("it has no ", node.op->name);
  }
  Result<std::unique_ptr<CompiledPart>> Compile(std::shared_ptr<const Graph> part) override {
    if (behaviour_.compiled != nullptr) behaviour_.compiled->push_back(Names(*part));
    if (!behaviour_.compile_error.empty()) return Unsupported(behaviour_.compile_error);
    return std::unique_ptr<CompiledPart>(std::make_unique<PartForTests>(std::move(part), behaviour_));
  }

 private:
  DelegateInfo info_;
  const Behaviour behaviour_;
};

std::vector<std::shared_ptr<Delegate>> Delegates(std::vector<std::pair<const char*, Behaviour>> list) {
  std::vector<std::shared_ptr<Delegate>> delegates;
  for (auto& [name, behaviour] : list) delegates.push_back(std::make_shared<DelegateForTests>(name, behaviour));
  return delegates;
}

// Two branches: conv, relu, conv and abs, conv; then their sum and a relu.
Network Branches() {
  Network net;
  const ValueId in = net.Input({1, 9, 11, 3});
  const ValueId a = net.Conv(net.Op("RELU", {net.Conv(in, 4)}), 4);
  const ValueId b = net.Conv(net.Op("ABS", {in}), 4);
  net.Outputs({net.Op("RELU", {net.Op("ADD", {a, b})})});
  return net;
}

std::vector<std::vector<float>> RunGraph(const Graph& graph) {
  return testing_passes::Run(graph, testing_passes::Passes({}), {.fast = false});
}

// Divides, runs, and expects the results of the CPU alone.
Partition ExpectSame(const Graph& graph, const std::vector<std::shared_ptr<Delegate>>& delegates,
                     const PartitionOptions& options = {}) {
  Graph divided = graph;
  Result<Partition> partition = PartitionGraph(divided, delegates, options);
  EXPECT_TRUE(partition.ok()) << partition.status().message();
  static ThreadPool pool(1);
  for (const auto& part : partition->parts) part->SetPool(&pool);
  testing_passes::ExpectNear(RunGraph(graph), RunGraph(divided), 1e-5f);
  return std::move(*partition);
}

std::vector<std::string> Places(const Partition& partition) {
  std::vector<std::string> places;
  for (const NodePlacement& node : partition.nodes) places.push_back(node.delegate);
  return places;
}

TEST(PartitionTest, PartsAreAsFewAsCanBe) {
  std::vector<std::vector<std::string>> compiled;
  const Graph graph = Branches().graph;
  const auto delegates = Delegates({{"d", {.ops = {"CONV_2D", "RELU", "ADD"}, .compiled = &compiled}}});
  const Partition partition = ExpectSame(graph, delegates);
  // ABS goes first, then everything else is one part.
  EXPECT_THAT(compiled, ElementsAre(ElementsAre("CONV_2D", "RELU", "CONV_2D", "CONV_2D", "ADD", "RELU")));
  EXPECT_THAT(Places(partition), ElementsAre("d", "d", "d", "cpu", "d", "d", "d"));
  EXPECT_THAT(partition.nodes[3].why_not, ElementsAre(testing::Pair("d", "it has no ABS")));
}

TEST(PartitionTest, WhatOneDelegateRefusesTheNextIsAskedFor) {
  const auto delegates = Delegates({{"a", {.ops = {"CONV_2D"}}}, {"b", {.ops = {"RELU", "ABS", "CONV_2D"}}}});
  const Partition partition = ExpectSame(Branches().graph, delegates);
  EXPECT_THAT(Places(partition), ElementsAre("a", "b", "a", "b", "a", "cpu", "b"));
  EXPECT_EQ(partition.nodes[5].why_not.size(), 2u);
}

TEST(PartitionTest, SmallPartsAndThoseBeyondTheMostStayOnTheCpu) {
  const auto delegates = Delegates({{"d", {.ops = {"CONV_2D", "ABS"}}}});
  const Partition small = ExpectSame(Branches().graph, delegates, {.min_nodes = 3});
  EXPECT_THAT(Places(small), ElementsAre("d", "cpu", "cpu", "d", "d", "cpu", "cpu"));
  EXPECT_THAT(small.nodes[2].why_not[0].second, HasSubstr("1 nodes, at least 3"));
  const Partition one = ExpectSame(Branches().graph, delegates, {.max_parts = 1});
  EXPECT_EQ(one.parts.size(), 1u);
}

TEST(PartitionTest, ExcludedNodesAreNotGivenAway) {
  PartitionOptions options;
  options.excluded = [](const DelegateInfo& info, const Graph& graph, const Node& node) -> std::optional<std::string> {
    if (graph.values[node.outputs[0]].shape[3] != 4 || std::string(node.op->name) != "ADD") return std::nullopt;
    return info.name + " gets it wrong";
  };
  const Partition partition =
      ExpectSame(Branches().graph, Delegates({{"d", {.ops = {"CONV_2D", "RELU", "ABS", "ADD"}}}}), options);
  EXPECT_EQ(partition.nodes[5].delegate, "cpu");
  EXPECT_EQ(partition.nodes[5].why_not[0].second, "d gets it wrong");
}

TEST(PartitionTest, APartThatDoesNotCompileGoesToTheCpuOrStops) {
  const Graph graph = Branches().graph;
  const auto delegates = Delegates({{"d", {.ops = {"ABS"}, .compile_error = "no program"}}});
  const Partition partition = ExpectSame(graph, delegates);
  EXPECT_THAT(partition.parts, IsEmpty());
  EXPECT_THAT(partition.notes[0], HasSubstr("delegate d did not compile node 3 ABS"));
  EXPECT_THAT(partition.nodes[3].why_not[0].second, HasSubstr("no program"));
  Graph divided = graph;
  const auto required = PartitionGraph(divided, delegates, {.require = true});
  ASSERT_FALSE(required.ok());
  EXPECT_THAT(required.status().message(), HasSubstr("no program"));
}

TEST(PartitionTest, ADelegateThatFailsInARunLeavesTheWorkToTheCpu) {
  int runs = 0;
  const Graph graph = Branches().graph;
  Graph divided = graph;
  const auto partition =
      PartitionGraph(divided, Delegates({{"d", {.ops = {"CONV_2D"}, .run_error = "lost", .runs = &runs}}}), {});
  ASSERT_TRUE(partition.ok());
  ThreadPool pool(1);
  for (const auto& part : partition->parts) part->SetPool(&pool);
  for (int again = 0; again < 2; ++again) testing_passes::ExpectNear(RunGraph(graph), RunGraph(divided), 1e-5f);
  EXPECT_EQ(static_cast<size_t>(runs), partition->parts.size());  // none was asked a second time
  EXPECT_EQ(partition->parts[0]->failure(), "lost");
}

TEST(PartitionTest, NanOfFiniteInputsIsAFailureOnlyWhereTheCpuMakesNone) {
  const Graph graph = Branches().graph;
  const Partition wrong = ExpectSame(graph, Delegates({{"d", {.ops = {"ABS"}, .writes_nan = true}}}));
  EXPECT_THAT(wrong.parts[0]->failure(), HasSubstr("NaN"));
  // The logarithm of a negative number is no fault of the delegate's.
  Network net;
  net.Outputs({net.Op("LOG", {net.Input({1, 4, 4, 2})})});
  Graph divided = net.graph;
  const auto partition = PartitionGraph(divided, Delegates({{"d", {.ops = {"LOG"}}}}), {});
  ThreadPool pool(1);
  for (const auto& part : partition->parts) part->SetPool(&pool);
  EXPECT_TRUE(std::isnan(RunGraph(divided)[0][0]) || std::isfinite(RunGraph(divided)[0][0]));
  EXPECT_EQ(partition->parts[0]->failure(), "");
}

TEST(PartitionTest, RequiringADelegateThatTakesNothingIsAnErrorWithItsReason) {
  Graph graph = Branches().graph;
  const auto partition = PartitionGraph(graph, Delegates({{"d", {}}}), {.require = true});
  ASSERT_FALSE(partition.ok());
  EXPECT_THAT(partition.status().message(), HasSubstr("delegate d runs no node; CONV_2D 'value0': it has no CONV_2D"));
}

}  // namespace
}  // namespace safelight
