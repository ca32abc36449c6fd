// SPDX-License-Identifier: Apache-2.0
//
// Runs a Plan: an arena of rings a team, one Puller a thread, no allocation in Run.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "base/memory.h"
#include "base/status.h"
#include "base/thread_pool.h"
#include "engine/plan.h"
#include "kernels/half.h"

namespace safelight {

class Executor {
 public:
  // Takes all memory and touches it. `plan` and `pool` must outlive the executor.
  // `watch`: sums up what float16 makes of values that are stored so.
  Executor(const Plan& plan, ThreadPool& pool, bool watch = false);
  ~Executor();

  // Pointers to row-major elements, one per input and output of the graph. `progress` may be null; see RunOptions.
  Status Run(std::span<const void* const> inputs, std::span<void* const> outputs,
             const std::function<bool(double)>* progress);

  // By ValueId, of all runs so far; empty unless watched.
  std::vector<kernels::HalfLoss> Losses() const;

  // The shape of graph output i after the last run; differs from the plan's where the data decide.
  const Shape& output_shape(size_t i) const { return output_shapes_[i]; }

 private:
  struct Team;
  struct Worker;
  friend struct Worker;

  // The tensors of a node that runs its reference, kept so that Run allocates nothing.
  struct NodeViews {
    std::vector<ConstTensorView> inputs;
    std::vector<TensorView> outputs;
  };

  static void RunShare(void* executor, size_t worker);
  Status RunSerial(const Phase& phase);
  Status RunReference(NodeId id);
  // Calls the progress callback, if any; kCancelled when it says stop.
  Status Report(int64_t steps_done);
  // The same from any thread of a phase, unless another one is in the callback.
  Status ReportUnlessBusy();
  // Where a value that is kept whole lies in this run.
  void* WholeData(ValueId id);

  const Plan& plan_;
  ThreadPool& pool_;
  const bool watch_;
  AlignedBuffer shared_;
  std::vector<std::unique_ptr<Team>> teams_;
  std::vector<std::unique_ptr<Worker>> workers_;
  std::vector<Shape> output_shapes_;
  std::vector<NodeViews> views_;  // by NodeId; filled for nodes of serial phases
  // Of the run under way.
  std::span<const void* const> inputs_;
  std::span<void* const> outputs_;
  const std::function<bool(double)>* progress_ = nullptr;
  size_t phase_ = 0;
  std::atomic<int64_t> steps_done_{0};
  std::atomic<bool> stop_{false};
  std::atomic_flag reporting_;
};

}  // namespace safelight
