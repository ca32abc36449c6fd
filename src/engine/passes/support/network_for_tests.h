// SPDX-License-Identifier: Apache-2.0
//
// For tests of passes: small networks of real ops, and runs of them with chosen passes and cuts.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/executor.h"
#include "engine/plan.h"
#include "graph/infer.h"
#include "ops/support/reduce_test_util.h"

namespace safelight::testing_passes {

using testing_ops::MakeTensor;
using testing_ops::RandomTensor;

class Network {
 public:
  ValueId Input(const Shape& shape) {
    Value value;
    value.name = Cat("input", graph.inputs.size());
    value.shape = shape;
    graph.inputs.push_back(graph.AddValue(std::move(value)));
    return graph.inputs.back();
  }
  ValueId Constant(Tensor tensor) { return graph.AddConstant("constant", std::move(tensor)); }
  ValueId Random(const Shape& shape) { return Constant(RandomTensor(shape, seed_++)); }
  ValueId Scalar(float number) { return Constant(MakeTensor<float>({}, {number})); }
  ValueId Ints(const std::vector<int32_t>& numbers) {
    return Constant(MakeTensor<int32_t>({static_cast<int64_t>(numbers.size())}, numbers));
  }
  // Options by slot, as a file would give them.
  ValueId Op(std::string_view name, std::vector<ValueId> inputs, std::map<int, double> options = {}) {
    Node node;
    node.op = FindOp(name);
    EXPECT_NE(node.op, nullptr) << name;
    if (node.op->read != nullptr) {
      node.file_options = std::make_shared<AttrsForTests>(std::move(options));
      auto attrs = node.op->read(*node.file_options);
      EXPECT_TRUE(attrs.ok()) << attrs.status().message();
      node.attrs = *attrs;
    }
    Value out;
    out.name = Cat("value", graph.nodes.size());
    node.inputs = std::move(inputs);
    node.outputs = {graph.AddValue(std::move(out))};
    node.file_nodes = {static_cast<int>(graph.nodes.size())};
    const NodeId id = graph.AddNode(std::move(node));
    InferContext context(graph, graph.nodes[id]);
    const Status inferred = graph.nodes[id].op->infer(context);
    EXPECT_TRUE(inferred.ok()) << inferred.message();
    return graph.nodes[id].outputs[0];
  }
  // 3x3 unless `size` says else, with a bias; options as in the format: 0 padding, 1 and 2 strides, 3 activation.
  ValueId Conv(ValueId in, int64_t out_channels, std::map<int, double> options = {}, int64_t size = 3) {
    options.insert({{1, 1}, {2, 1}});
    const int64_t channels = graph.values[in].shape[3];
    return Op("CONV_2D", {in, Random({out_channels, size, size, channels}), Random({out_channels})}, options);
  }
  ValueId Depthwise(ValueId in, std::map<int, double> options = {}, int64_t size = 3) {
    options.insert({{1, 1}, {2, 1}});
    const int64_t channels = graph.values[in].shape[3];
    return Op("DEPTHWISE_CONV_2D", {in, Random({1, size, size, channels}), Random({channels})}, options);
  }
  void Outputs(std::vector<ValueId> values) { graph.outputs = std::move(values); }

  Graph graph;

 private:
  unsigned seed_ = 11;
};

// The passes of these names, in the engine's order, with those that every plan needs.
inline std::vector<NamedPass> Passes(const std::vector<std::string_view>& names) {
  std::vector<NamedPass> passes;
  for (const NamedPass& pass : EnginePasses()) {
    const std::string_view name = pass.name;
    const bool needed = name == "fold_constants" || name == "separate_targets";
    if (needed || std::find(names.begin(), names.end(), name) != names.end()) passes.push_back(pass);
  }
  EXPECT_EQ(passes.size(), names.size() + 2);
  return passes;
}

// The graph after one pass; checks that it is valid, and that there is a note exactly where it changed.
inline Graph AfterPass(Graph graph, std::string_view name) {
  std::vector<std::string> notes;
  const Graph before = graph;
  for (const NamedPass& pass : EnginePasses()) {
    if (pass.name != name) continue;
    const Status status = RunEnginePasses(graph, {&pass, 1}, {.fast = true, .quantized_fast = true}, &notes);
    EXPECT_TRUE(status.ok()) << status.message();
    const auto same = [](const Node& a, const Node& b) {
      return a.op == b.op && a.attrs == b.attrs && a.inputs == b.inputs && a.outputs == b.outputs;
    };
    EXPECT_EQ(notes.empty(),
              std::equal(graph.nodes.begin(), graph.nodes.end(), before.nodes.begin(), before.nodes.end(), same));
    return graph;
  }
  ADD_FAILURE() << "no pass " << name;
  return graph;
}

// The names of the nodes, in order.
inline std::vector<std::string> Names(const Graph& graph) {
  std::vector<std::string> names;
  for (const Node& node : graph.nodes) names.push_back(node.op->name);
  return names;
}

inline std::vector<std::vector<float>> Run(const Graph& graph, const std::vector<NamedPass>& passes,
                                           const PlanOptions& options) {
  auto plan = MakePlan(graph, options, passes);
  EXPECT_TRUE(plan.ok()) << plan.status().message();
  if (!plan.ok()) return {};
  ThreadPool pool(options.threads);
  Executor executor(**plan, pool);
  std::vector<Tensor> inputs;
  std::vector<const void*> in;
  for (ValueId input : graph.inputs) inputs.push_back(RandomTensor(graph.values[input].shape, 5 + inputs.size()));
  for (const Tensor& input : inputs) in.push_back(input.bytes());
  std::vector<std::vector<float>> results;
  for (ValueId output : graph.outputs) results.emplace_back(graph.values[output].shape.elements(), -77.f);
  std::vector<void*> out;
  for (auto& result : results) out.push_back(result.data());
  const Status status = executor.Run(in, out, nullptr);
  EXPECT_TRUE(status.ok()) << status.message();
  return results;
}

inline void ExpectNear(const std::vector<std::vector<float>>& a, const std::vector<std::vector<float>>& b,
                       float tolerance) {
  ASSERT_EQ(a.size(), b.size());
  for (size_t k = 0; k < a.size(); ++k) {
    ASSERT_EQ(a[k].size(), b[k].size());
    float most = 0, largest = 0;
    for (size_t i = 0; i < a[k].size(); ++i) {
      most = std::max(most, std::abs(a[k][i] - b[k][i]));
      largest = std::max(largest, std::abs(a[k][i]));
    }
    EXPECT_LE(most, tolerance * std::max(largest, 1.0f)) << "output " << k;
  }
}

// With the passes the results are those without, up to `tolerance` of the largest number (0: to the bit), and have the
// same bits for every cut.
inline void ExpectSameResults(const Graph& graph, const std::vector<std::string_view>& names, float tolerance = 0) {
  const auto plain = Run(graph, Passes({}), {.fast = false});
  const std::vector<NamedPass> passes = Passes(names);
  const auto fused = Run(graph, passes, {});
  ExpectNear(plain, fused, tolerance);
  for (const int64_t strip : {1, 3}) {
    for (const int64_t block : {0, 5}) {
      for (const int threads : {1, 2}) {
        const auto cut = Run(graph, passes, {.threads = threads, .strip_rows = strip, .block_columns = block});
        EXPECT_EQ(cut, fused) << "strip " << strip << " block " << block << " threads " << threads;
      }
    }
  }
}

}  // namespace safelight::testing_passes
