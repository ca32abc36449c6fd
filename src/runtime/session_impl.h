// SPDX-License-Identifier: Apache-2.0
//
// What stands behind the public Session: a plan, the memory it runs in, and states.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/thread_pool.h"
#include "engine/executor.h"
#include "engine/partition.h"
#include "engine/plan.h"
#include "runtime/model_impl.h"
#include "safelight/session.h"
#include "tensor/tensor.h"

namespace safelight {

// Puts nodes before and behind the network at the session's size; its ports are those of the graph afterwards. The
// graph is inferred, and stays so.
using GraphEdit = std::function<Status(Graph& graph)>;

class SessionImpl {
 public:
  static Result<std::unique_ptr<SessionImpl>> Create(const Model& model, const SessionOptions& options,
                                                     GraphEdit edit = nullptr);
  static Result<Session> CreateEdited(const Model& model, const SessionOptions& options, GraphEdit edit);

  // A session of the same model, options and pool for other input shapes.
  Result<std::unique_ptr<SessionImpl>> WithShapes(const std::vector<Shape>& input_shapes) const;

  Status Run(std::span<const ConstTensorView> inputs, std::span<const TensorView> outputs, const RunOptions& options);
  std::vector<Shape> OutputShapes() const;
  void ResetStates();
  std::vector<Float16Loss> Float16Losses() const;
  int64_t memory_bytes() const;
  PlanReport Report() const;
  std::vector<NodePlacement> Placement() const;
  const std::vector<std::string>& notes() const { return notes_; }

  std::vector<Port> inputs, outputs;

 private:
  SessionImpl(const Model& model, const SessionOptions& options, GraphEdit edit)
      : model_(model), options_(options), edit_(std::move(edit)) {}
  Status Build();
  Status CheckStates() const;
  Status GiveToDelegates(Graph& graph);
  Status BindInputs(std::span<const ConstTensorView> given);
  Status BindOutputs(std::span<const TensorView> given);
  const StateBinding* StateOfInput(int input) const;
  const StateBinding* StateOfOutput(int output) const;

  Model model_;
  SessionOptions options_;
  GraphEdit edit_;  // may be null
  std::shared_ptr<ThreadPool> pool_;
  std::vector<std::string> notes_;
  Partition partition_;  // empty without delegates
  std::unique_ptr<const Plan> plan_;
  std::unique_ptr<Executor> executor_;
  // Two buffers a state: rows of the old one are read after rows of the new one are written.
  std::vector<Tensor> state_old_, state_new_;
  std::vector<const void*> input_data_;
  std::vector<void*> output_data_;
};

}  // namespace safelight
