// SPDX-License-Identifier: Apache-2.0
//
// A part of a graph that a delegate runs, and the CPU when the delegate fails.
#pragma once

#include <memory>
#include <mutex>
#include <string>

#include "engine/delegate.h"
#include "graph/op_def.h"

namespace safelight {

class ThreadPool;
class Executor;
struct Plan;

// Used by one thread at a time, but for failure().
class DelegatePart {
 public:
  // `require`: an error of the delegate is the run's.
  DelegatePart(std::string delegate, std::shared_ptr<const Graph> part, std::unique_ptr<CompiledPart> compiled,
               bool require);
  ~DelegatePart();

  // What runs the part on the CPU, should it come to that: the pool, which must outlive the part's last run, in the
  // session's arithmetic.
  void SetPool(ThreadPool* pool, Arithmetic arithmetic = Arithmetic::kByType) {
    pool_ = pool;
    arithmetic_ = arithmetic;
  }

  // Runs the delegate. When it returns an error, or makes NaN or infinity of finite inputs where the CPU does not, its
  // sentence is kept and this run is the CPU's; so are all later ones, unless the delegate says that it may be tried
  // again.
  Status Run(std::span<const ConstTensorView> inputs, std::span<const TensorView> outputs);

  const std::string& delegate() const { return delegate_; }
  const Graph& graph() const { return *part_; }
  int64_t memory_bytes() const;
  std::vector<std::string> notes() const { return compiled_->notes(); }
  // Why the CPU took over, the last time; empty as long as it never did.
  std::string failure() const;

 private:
  Status RunOnCpu(std::span<const ConstTensorView> inputs, std::span<const TensorView> outputs);
  void Fail(std::string why);

  const std::string delegate_;
  const std::shared_ptr<const Graph> part_;
  const std::unique_ptr<CompiledPart> compiled_;
  const bool require_;
  ThreadPool* pool_ = nullptr;
  Arithmetic arithmetic_ = Arithmetic::kByType;
  bool failed_ = false;
  mutable std::mutex mutex_;  // of failure_
  std::string failure_;
  std::unique_ptr<const Plan> plan_;
  std::unique_ptr<Executor> executor_;
};

// The node that stands for a part: DELEGATE, made whole, inputs and outputs as the part's.
struct DelegatePartAttrs : OpAttrs {
  std::shared_ptr<DelegatePart> part;
};
extern const OpDef delegate_op;

}  // namespace safelight
