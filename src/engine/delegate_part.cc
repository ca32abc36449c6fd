// SPDX-License-Identifier: Apache-2.0
#include "engine/delegate_part.h"

#include <cmath>
#include <utility>
#include <vector>

#include "base/thread_pool.h"
#include "engine/executor.h"
#include "engine/plan.h"

namespace safelight {
namespace {

bool IsFinite(DType dtype, const Shape& shape, const void* data) {
  if (dtype != DType::kFloat32) return true;
  const auto* values = static_cast<const float*>(data);
  const int64_t count = shape.elements();
  // x - x is 0 for finite numbers alone; sums of it are vectorised.
  float sum = 0;
  for (int64_t i = 0; i < count; ++i) sum += values[i] - values[i];
  return sum == 0;
}

template <typename View>
bool AllFinite(std::span<const View> views) {
  for (const View& view : views) {
    if (!IsFinite(view.dtype, view.shape, view.data)) return false;
  }
  return true;
}

}  // namespace

DelegatePart::DelegatePart(std::string delegate, std::shared_ptr<const Graph> part,
                           std::unique_ptr<CompiledPart> compiled, bool require)
    : delegate_(std::move(delegate)), part_(std::move(part)), compiled_(std::move(compiled)), require_(require) {}
DelegatePart::~DelegatePart() = default;

Status DelegatePart::Run(std::span<const ConstTensorView> inputs, std::span<const TensorView> outputs) {
  if (failed_) return RunOnCpu(inputs, outputs);
  const Status status = compiled_->Run(inputs, outputs);
  if (status.ok() && AllFinite(outputs)) return {};
  if (!status.ok()) {
    if (require_) return status.With("delegate " + delegate_);
    Fail(status.message());
    failed_ = !compiled_->may_retry();
    return RunOnCpu(inputs, outputs);
  }
  // A network may make infinity of its own; only what the CPU makes of the same inputs tells.
  if (!AllFinite(inputs)) return {};
  SL_TRY(RunOnCpu(inputs, outputs));
  if (!AllFinite(outputs)) return {};
  constexpr const char* kNotFinite = "it made NaN or infinity where the CPU does not";
  if (require_) return Unsupported("delegate ", delegate_, ": ", kNotFinite);
  Fail(kNotFinite);
  failed_ = true;
  return {};
}

void DelegatePart::Fail(std::string why) {
  const std::lock_guard<std::mutex> lock(mutex_);
  failure_ = std::move(why);
}

std::string DelegatePart::failure() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return failure_;
}

Status DelegatePart::RunOnCpu(std::span<const ConstTensorView> inputs, std::span<const TensorView> outputs) {
  if (executor_ == nullptr) {
    SL_ASSIGN(plan_, MakePlan(*part_, {.threads = pool_->size(),
                                       .fast = arithmetic_ != Arithmetic::kExact,
                                       .quantized_fast = arithmetic_ == Arithmetic::kFast}));
    executor_ = std::make_unique<Executor>(*plan_, *pool_);
  }
  std::vector<const void*> from;
  std::vector<void*> to;
  for (const ConstTensorView& input : inputs) from.push_back(input.data);
  for (const TensorView& output : outputs) to.push_back(output.data);
  return executor_->Run(from, to, nullptr);
}

int64_t DelegatePart::memory_bytes() const {
  return compiled_->memory_bytes() + (plan_ == nullptr ? 0 : plan_->memory_bytes());
}

namespace {

// Shapes are those that the part was compiled for.
Status Infer(InferContext&) { return {}; }

Status Reference(const OpContext& context, std::span<const ConstTensorView> inputs,
                 std::span<const TensorView> outputs) {
  return context.attrs<DelegatePartAttrs>().part->Run(inputs, outputs);
}

Cost CostOf(const OpContext& context) {
  Cost cost;
  const Graph& part = context.attrs<DelegatePartAttrs>().part->graph();
  for (const Node& node : part.nodes) {
    if (node.op->cost == nullptr) continue;
    const Cost one = node.op->cost(OpContext(part, node));
    cost.macs += one.macs;
    cost.weight_bytes += one.weight_bytes;
  }
  return cost;
}

}  // namespace

const OpDef delegate_op{
    .name = "DELEGATE",
    .min_inputs = 0,
    .max_inputs = 1 << 20,
    .outputs = OpDef::kVariadic,
    .infer = Infer,
    .cost = CostOf,
    .reference = Reference,
};

}  // namespace safelight
