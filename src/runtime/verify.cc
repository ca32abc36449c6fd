// SPDX-License-Identifier: Apache-2.0
#include "safelight/verify.h"

#include <algorithm>
#include <cstring>
#include <random>

#include "delegates/delegates.h"
#include "delegates/exclusions.h"
#include "engine/delegate_part.h"
#include "engine/executor.h"
#include "engine/partition.h"
#include "engine/plan.h"
#include "graph/infer.h"
#include "graph/passes/passes.h"
#include "graph/resize.h"
#include "runtime/model_impl.h"
#include "runtime/tensor_error.h"

namespace safelight {
namespace {

using Tensors = std::vector<Tensor>;

// Numbers like those of pictures: 0 to 1 as floats; all of the type as integers.
void FillRandom(Tensor* tensor, unsigned seed) {
  std::mt19937 random(seed);
  if (tensor->dtype() == DType::kFloat32) {
    for (int64_t i = 0; i < tensor->shape().elements(); ++i) {
      tensor->data<float>()[i] = static_cast<float>(random() % 65536) / 65535;
    }
    return;
  }
  for (size_t i = 0; i < tensor->size_bytes(); ++i) tensor->bytes()[i] = static_cast<std::byte>(random() % 256);
}

Tensors MakeOutputs(const Graph& graph) {
  Tensors tensors;
  for (ValueId id : graph.outputs) tensors.emplace_back(graph.values[id].dtype, graph.values[id].shape);
  return tensors;
}

// A graph with all that it needs to run: on the CPU in exact arithmetic, but for nodes that a delegate has.
class Runner {
 public:
  static Result<std::unique_ptr<Runner>> Make(Graph graph, ThreadPool* pool) {
    auto runner = std::make_unique<Runner>();
    SL_ASSIGN(runner->plan_, MakePlan(std::move(graph), {.threads = pool->size(), .fast = false}));
    runner->executor_ = std::make_unique<Executor>(*runner->plan_, *pool);
    return runner;
  }
  Status Run(std::span<const ConstTensorView> inputs, Tensors* outputs) {
    std::vector<const void*> from;
    std::vector<void*> to;
    for (const ConstTensorView& input : inputs) from.push_back(input.data);
    for (Tensor& output : *outputs) to.push_back(output.bytes());
    return executor_->Run(from, to, nullptr);
  }

 private:
  std::unique_ptr<const Plan> plan_;
  std::unique_ptr<Executor> executor_;
};

class Verifier {
 public:
  Verifier(const VerifyOptions& options, Graph graph, std::shared_ptr<Delegate> delegate)
      : options_(options), graph_(std::move(graph)), delegates_{std::move(delegate)}, pool_(options.threads) {
    const bool half = options.precision == Precision::kFloat16;
    bound_ = options.bound > 0 ? options.bound : half ? 4e-3 : 1e-5;
    report_.delegate = delegates_[0]->info().name;
    report_.version = delegates_[0]->info().version;
  }

  Result<VerifyReport> Run() {
    SL_TRY(FoldConstants(graph_));
    SL_TRY(RemoveDeadNodes(graph_));
    int64_t macs = 0;
    for (const Node& node : graph_.nodes) {
      if (node.op->cost != nullptr) macs += node.op->cost(OpContext(graph_, node)).macs;
    }
    plain_ = macs <= options_.reference_macs;
    report_.truth = plain_ ? "each op's plain implementation"
                           : Cat("the CPU engine in exact arithmetic: the plain implementation of ", macs,
                                 " multiply-adds would take long");
    SL_TRY(TakeInputs());
    SL_TRY(EachNode());
    SL_TRY(Whole());
    const bool parted = report_.first_wrong >= 0;
    report_.passes = !parted && std::all_of(report_.outputs.begin(), report_.outputs.end(),
                                            [](const TensorError& e) { return e.not_finite + e.unsteady == 0; });
    return std::move(report_);
  }

 private:
  Status TakeInputs() {
    truth_.resize(graph_.values.size());
    views_.resize(graph_.values.size());
    for (size_t i = 0; i < graph_.inputs.size(); ++i) {
      const Value& value = graph_.values[graph_.inputs[i]];
      Tensor& tensor = truth_[graph_.inputs[i]] = Tensor(value.dtype, value.shape);
      views_[graph_.inputs[i]] = tensor.view();
      if (options_.inputs.empty()) {
        FillRandom(&tensor, static_cast<unsigned>(i) + 1);
        continue;
      }
      if (options_.inputs.size() != graph_.inputs.size() || options_.inputs[i].dtype != value.dtype ||
          !(options_.inputs[i].shape == value.shape)) {
        return InvalidArgument("input ", i, " '", value.name, "' must be ", DTypeName(value.dtype), ' ',
                               value.shape.ToString());
      }
      std::memcpy(tensor.bytes(), options_.inputs[i].data, tensor.size_bytes());
    }
    for (size_t id = 0; id < graph_.values.size(); ++id) {
      const Value& value = graph_.values[id];
      if (value.is_constant()) views_[id] = {value.dtype, value.shape, value.constant};
    }
    return {};
  }

  // The right values of all nodes in turn, and what the delegate makes of each node's right inputs.
  Status EachNode() {
    std::vector<size_t> last_reader(graph_.values.size(), 0);
    for (size_t id = 0; id < graph_.nodes.size(); ++id) {
      for (ValueId input : graph_.nodes[id].inputs) {
        if (input != kNone) last_reader[input] = id;
      }
    }
    for (ValueId output : graph_.outputs) last_reader[output] = graph_.nodes.size();
    for (size_t id = 0; id < graph_.nodes.size(); ++id) {
      if (options_.progress) options_.progress(id, graph_.nodes.size());
      SL_TRY(OneNode(static_cast<NodeId>(id)).With(NodeLabel(graph_, graph_.nodes[id])));
      for (ValueId input : graph_.nodes[id].inputs) {
        if (input != kNone && last_reader[input] == id) truth_[input] = Tensor();
      }
    }
    return {};
  }

  Status OneNode(NodeId id) {
    const Node& node = graph_.nodes[id];
    std::vector<ValueId> read, made;
    FindPorts(graph_, {id}, &read, &made);
    for (ValueId output : node.outputs) {
      truth_[output] = Tensor(graph_.values[output].dtype, graph_.values[output].shape);
      views_[output] = truth_[output].view();
    }
    const Graph alone = ExtractPart(graph_, {id});
    std::vector<ConstTensorView> inputs;
    for (ValueId input : read) inputs.push_back(views_[input]);
    SL_TRY(MakeTruth(node, alone, inputs, made));
    NodeVerdict verdict;
    verdict.file_nodes = node.file_nodes;
    verdict.op = node.op->name;
    verdict.name = graph_.values[node.outputs[0]].name;
    verdict.pattern = NodePattern(graph_, node);
    if (!HasDynamicShape(graph_, node)) SL_TRY(Judge(alone, inputs, made, &verdict));
    if (verdict.wrong && report_.first_wrong < 0) report_.first_wrong = static_cast<int>(report_.nodes.size());
    report_.nodes.push_back(std::move(verdict));
    return {};
  }

  Status MakeTruth(const Node& node, const Graph& alone, std::span<const ConstTensorView> inputs,
                   const std::vector<ValueId>& made) {
    if (plain_ || HasDynamicShape(graph_, node) || made.size() != node.outputs.size()) {
      std::vector<ConstTensorView> operands;
      std::vector<TensorView> outputs;
      for (ValueId input : node.inputs) operands.push_back(input == kNone ? ConstTensorView() : views_[input]);
      for (ValueId output : node.outputs) outputs.push_back(truth_[output].view());
      return node.op->reference(OpContext(graph_, node), operands, outputs);
    }
    SL_ASSIGN(const auto runner, Runner::Make(alone, &pool_));
    Tensors outputs = MakeOutputs(alone);
    SL_TRY(runner->Run(inputs, &outputs));
    for (size_t k = 0; k < made.size(); ++k) {
      truth_[made[k]] = std::move(outputs[k]);
      views_[made[k]] = truth_[made[k]].view();
    }
    return {};
  }

  Status Judge(const Graph& alone, const std::vector<ConstTensorView>& inputs, const std::vector<ValueId>& made,
               NodeVerdict* verdict) {
    Graph divided = alone;
    SL_ASSIGN(const Partition partition, PartitionGraph(divided, delegates_, {}));
    verdict->taken = !partition.parts.empty();
    if (!verdict->taken) {
      const bool reason = !partition.nodes.empty() && !partition.nodes[0].why_not.empty();
      verdict->why = reason ? partition.nodes[0].why_not[0].second : "computed beforehand";
      return {};
    }
    for (const auto& part : partition.parts) part->SetPool(&pool_);
    std::vector<ConstTensorView> right;
    for (ValueId output : made) right.push_back(views_[output]);
    SL_TRY(RunAndCompare(divided, partition, inputs, right, verdict));
    return {};
  }

  Status RunAndCompare(const Graph& divided, const Partition& partition, const std::vector<ConstTensorView>& inputs,
                       const std::vector<ConstTensorView>& right, NodeVerdict* verdict) {
    std::vector<TensorError> errors;
    SL_TRY(Repeat(divided, inputs, right, &errors));
    for (const auto& part : partition.parts) {
      if (part->failure().empty()) continue;
      verdict->wrong = true;
      verdict->why = "failed: " + part->failure();
      return {};
    }
    for (const TensorError& error : errors) {
      if (verdict->wrong && error.within()) continue;
      verdict->wrong = verdict->wrong || !error.within();
      if (verdict->wrong || error.largest >= verdict->error.largest) verdict->error = error;
    }
    if (verdict->wrong) verdict->why = Describe(verdict->error);
    return {};
  }

  static std::string Describe(const TensorError& error) {
    std::string text;
    if (error.not_finite > 0) text = Cat(error.not_finite, " NaN or infinite");
    if (error.unsteady > 0) text += Cat(text.empty() ? "" : ", ", error.unsteady, " differ from run to run");
    if (error.beyond > 0) {
      text += Cat(text.empty() ? "" : ", ", error.beyond, " of ", error.elements,
                  " beyond the bound, the largest off by ", error.largest, " of a range of ", error.range);
    }
    return text;
  }

  // The errors of each output: of the first run, and what differs in the others.
  Status Repeat(const Graph& divided, const std::vector<ConstTensorView>& inputs,
                const std::vector<ConstTensorView>& right, std::vector<TensorError>* errors) {
    SL_ASSIGN(const auto runner, Runner::Make(divided, &pool_));
    Tensors first = MakeOutputs(divided), again = MakeOutputs(divided);
    SL_TRY(runner->Run(inputs, &first));
    for (size_t k = 0; k < right.size(); ++k) {
      errors->push_back(CompareTensors(right[k], first[k].view(), bound_, options_.steps));
    }
    for (int run = 1; run < options_.repeats; ++run) {
      SL_TRY(runner->Run(inputs, &again));
      for (size_t k = 0; k < right.size(); ++k) {
        TensorError& error = (*errors)[k];
        error.unsteady = std::max(error.unsteady, CountDifferent(first[k].view(), again[k].view()));
      }
    }
    return {};
  }

  Status Whole() {
    Graph divided = graph_;
    SL_ASSIGN(const Partition partition, PartitionGraph(divided, delegates_, {}));
    report_.notes = partition.notes;
    report_.parts = static_cast<int>(partition.parts.size());
    for (const auto& part : partition.parts) part->SetPool(&pool_);
    std::vector<ConstTensorView> inputs, right;
    for (ValueId input : graph_.inputs) inputs.push_back(truth_[input].size_bytes() > 0 ? views_[input] : Again(input));
    for (ValueId output : graph_.outputs) right.push_back(views_[output]);
    SL_TRY(Repeat(divided, inputs, right, &report_.outputs).With("the whole network"));
    for (const auto& part : partition.parts) {
      if (part->failure().empty()) continue;
      report_.notes.push_back(Cat("delegate ", part->delegate(), " failed in the whole network: ", part->failure()));
    }
    return {};
  }

  // An input that was let go after its last reader.
  ConstTensorView Again(ValueId input) {
    const auto index = std::find(graph_.inputs.begin(), graph_.inputs.end(), input) - graph_.inputs.begin();
    if (!options_.inputs.empty()) return options_.inputs[static_cast<size_t>(index)];
    const Value& value = graph_.values[input];
    truth_[input] = Tensor(value.dtype, value.shape);
    FillRandom(&truth_[input], static_cast<unsigned>(index) + 1);
    return truth_[input].view();
  }

  const VerifyOptions& options_;
  Graph graph_;
  const std::vector<std::shared_ptr<Delegate>> delegates_;
  ThreadPool pool_;
  double bound_ = 0;
  bool plain_ = true;
  VerifyReport report_;
  Tensors truth_;                       // by ValueId, while somebody reads it
  std::vector<ConstTensorView> views_;  // by ValueId: constants too
};

}  // namespace

Result<VerifyReport> Verify(const Model& model, const VerifyOptions& options) {
  if (options.repeats < 1 || options.threads < 1) {
    return InvalidArgument("verify: repeats and threads must be at least 1");
  }
  const ModelImpl& impl = *model.impl();
  std::vector<std::string> notes;
  Result<Graph> graph = ResizeGraph(impl.file.graph, impl.own_size, options.input_shapes, &notes);
  if (!graph.ok()) return graph.status().With(model.path());
  SL_ASSIGN(std::unique_ptr<Delegate> delegate,
            OpenDelegate(options.delegate, {.threads = options.threads, .precision = options.precision}));
  Result<VerifyReport> report = Verifier(options, std::move(*graph), std::move(delegate)).Run();
  if (!report.ok()) return report.status().With(model.path());
  report->notes.insert(report->notes.begin(), notes.begin(), notes.end());
  return report;
}

std::string ExclusionList(const VerifyReport& report) {
  std::vector<Exclusions::Entry> entries;
  for (const NodeVerdict& node : report.nodes) {
    const bool listed =
        std::any_of(entries.begin(), entries.end(), [&](const auto& e) { return e.pattern == node.pattern; });
    if (node.wrong && !listed) entries.push_back({report.delegate, report.version, node.pattern, node.why});
  }
  return WriteExclusions(entries);
}

}  // namespace safelight
