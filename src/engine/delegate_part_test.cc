// SPDX-License-Identifier: Apache-2.0
#include "engine/delegate_part.h"

#include <gmock/gmock.h>

#include <algorithm>

#include "engine/partition.h"
#include "engine/passes/support/network_for_tests.h"

namespace safelight {
namespace {

using testing::HasSubstr;
using testing_passes::Network;

// Doubles its input; fails in the runs that are listed.
struct Failing {
  std::vector<int> runs;
  bool may_retry = false;
  int done = 0;
};

class FailingPart : public CompiledPart {
 public:
  explicit FailingPart(Failing* failing) : failing_(failing) {}
  Status Run(std::span<const ConstTensorView> inputs, std::span<const TensorView> outputs) override {
    const int run = failing_->done++;
    if (std::count(failing_->runs.begin(), failing_->runs.end(), run) > 0) return Unsupported("run ", run, " failed");
    const auto* from = static_cast<const float*>(inputs[0].data);
    for (int64_t i = 0; i < inputs[0].shape.elements(); ++i) static_cast<float*>(outputs[0].data)[i] = 2 * from[i];
    return {};
  }
  bool may_retry() const override { return failing_->may_retry; }

 private:
  Failing* const failing_;
};

// Takes the nodes that Look has chosen: all, or none after an error.
class LookingDelegate : public Delegate {
 public:
  explicit LookingDelegate(Failing* failing, Status looked = {}) : failing_(failing), looked_(std::move(looked)) {
    info_.name = "looking";
  }
  const DelegateInfo& info() const override { return info_; }
  Status Look(const Graph& graph) override {
    seen_ = &graph;
    return looked_;
  }
  Verdict Supports(const Graph& graph, const Node&) const override {
    return seen_ == &graph ? Verdict::Yes() : Verdict::No("it has not seen this graph");
  }
  Result<std::unique_ptr<CompiledPart>> Compile(std::shared_ptr<const Graph>) override {
    return std::unique_ptr<CompiledPart>(std::make_unique<FailingPart>(failing_));
  }

 private:
  DelegateInfo info_;
  Failing* const failing_;
  const Status looked_;
  const Graph* seen_ = nullptr;
};

Graph AbsoluteValues() {
  Network net;
  net.Outputs({net.Op("ABS", {net.Input({1, 2, 2, 1})})});
  return net.graph;
}

// What the part makes of 4, run after run: 8 on the delegate, 4 on the CPU.
std::vector<float> Results(Failing* failing, int runs, std::string* failure) {
  Graph graph = AbsoluteValues();
  Result<Partition> partition = PartitionGraph(graph, {std::make_shared<LookingDelegate>(failing)}, {});
  if (!partition.ok() || partition->parts.size() != 1) return {};
  static ThreadPool pool(1);
  partition->parts[0]->SetPool(&pool, Arithmetic::kExact);
  std::vector<float> results;
  for (int run = 0; run < runs; ++run) {
    const std::vector<float> in(4, 4.0f);
    std::vector<float> out(4);
    const ConstTensorView from(DType::kFloat32, {1, 2, 2, 1}, in.data());
    const TensorView to{DType::kFloat32, {1, 2, 2, 1}, out.data()};
    EXPECT_TRUE(partition->parts[0]->Run({&from, 1}, {&to, 1}).ok());
    results.push_back(out[3]);
  }
  *failure = partition->parts[0]->failure();
  return results;
}

TEST(DelegatePartTest, OneThatFailedIsNotRunAgain) {
  Failing failing{{1}, false};
  std::string failure;
  EXPECT_EQ(Results(&failing, 4, &failure), (std::vector<float>{8, 4, 4, 4}));
  EXPECT_EQ(failure, "run 1 failed");
  EXPECT_EQ(failing.done, 2);
}

TEST(DelegatePartTest, OneThatMayBeTriedAgainCostsOnlyTheRunsThatFail) {
  Failing failing{{1, 2}, true};
  std::string failure;
  EXPECT_EQ(Results(&failing, 5, &failure), (std::vector<float>{8, 4, 4, 8, 8}));
  EXPECT_EQ(failure, "run 2 failed");
}

TEST(DelegatePartTest, ADelegateThatCannotLookTakesNothing) {
  Failing failing;
  Graph graph = AbsoluteValues();
  const auto blind = std::make_shared<LookingDelegate>(&failing, Unsupported("it is dark"));
  const Result<Partition> partition = PartitionGraph(graph, {blind}, {});
  ASSERT_TRUE(partition.ok());
  EXPECT_TRUE(partition->parts.empty());
  EXPECT_EQ(partition->nodes[0].why_not[0].second, "it is dark");
  EXPECT_THAT(partition->notes[0], HasSubstr("delegate looking: it is dark"));
  const Status required = PartitionGraph(graph, {blind}, {.require = true}).status();
  EXPECT_EQ(required.message(), "delegate looking: it is dark");
}

}  // namespace
}  // namespace safelight
