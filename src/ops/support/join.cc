// SPDX-License-Identifier: Apache-2.0
#include "ops/support/join.h"

#include <algorithm>

namespace safelight {
namespace {

class JoinKernel : public Kernel {
 public:
  explicit JoinKernel(JoinPlan plan) : plan_(std::move(plan)) {}
  Status Run(const KernelArgs& args) const override {
    RunJoin(plan_, args);
    return {};
  }

 private:
  const JoinPlan plan_;
};

void RunCut(const CutPlan& plan, const KernelArgs& args) {
  for (size_t k = 0; k < plan.plans.size(); ++k) {
    Box box = args.box;
    if (plan.axis != kNone) box.axis[plan.axis] = {0, args.outputs[k].shape[plan.axis]};
    if (args.outputs[k].shape.elements() == 0) continue;
    RunMoves(plan.plans[k], args.inputs[plan.input], args.outputs[k], box, nullptr);
  }
}

class CutKernel : public Kernel {
 public:
  explicit CutKernel(CutPlan plan) : plan_(std::move(plan)) {}
  Status Run(const KernelArgs& args) const override {
    RunCut(plan_, args);
    return {};
  }

 private:
  const CutPlan plan_;
};

std::vector<Window> Windows(std::span<const ConstTensorView> views) {
  std::vector<Window> windows;
  for (const ConstTensorView& view : views)
    windows.push_back(WholeWindow(view.dtype, view.shape, const_cast<void*>(view.data)));
  return windows;
}

std::vector<Window> Windows(std::span<const TensorView> views) {
  std::vector<Window> windows;
  for (const TensorView& view : views) windows.push_back(WholeWindow(view.dtype, view.shape, view.data));
  return windows;
}

}  // namespace

void RunJoin(const JoinPlan& plan, const KernelArgs& args) {
  for (const JoinPart& part : plan.parts) {
    Box box = args.box;
    Range& range = box.axis[plan.axis];
    range = {std::max(range.begin, part.range.begin), std::min(range.end, part.range.end)};
    const Window &in = args.inputs[part.input], &out = args.outputs[0];
    // The planner may have let it be made where it belongs.
    const bool in_place = in.data == out.data + part.range.begin * out.strides[plan.axis] * DTypeSize(out.dtype);
    if (!range.empty() && !in_place) RunMoves(part.plan, in, out, box, nullptr);
  }
}

std::unique_ptr<Kernel> MakeJoinKernel(JoinPlan plan) { return std::make_unique<JoinKernel>(std::move(plan)); }

Status JoinReference(const JoinPlan& plan, std::span<const ConstTensorView> inputs,
                     std::span<const TensorView> outputs) {
  const std::vector<Window> in = Windows(inputs), out = Windows(outputs);
  if (out[0].shape.elements() > 0) RunJoin(plan, {in, out, WholeBox(out[0].shape), nullptr});
  return {};
}

std::unique_ptr<Kernel> MakeCutKernel(CutPlan plan) { return std::make_unique<CutKernel>(std::move(plan)); }

Status CutReference(const CutPlan& plan, std::span<const ConstTensorView> inputs, std::span<const TensorView> outputs) {
  const std::vector<Window> in = Windows(inputs), out = Windows(outputs);
  RunCut(plan, {in, out, WholeBox(out[0].shape), nullptr});
  return {};
}

}  // namespace safelight
