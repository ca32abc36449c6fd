// SPDX-License-Identifier: Apache-2.0
#include "ops/support/split.h"

namespace safelight {

Status SetSplitOutputs(InferContext& context, int data, int axis, const std::vector<int64_t>& sizes) {
  if (static_cast<int>(sizes.size()) != context.num_outputs()) {
    return InvalidArgument(sizes.size(), " parts for ", context.num_outputs(), " outputs");
  }
  Shape shape = context.input(data).shape;
  int64_t total = 0;
  for (int64_t size : sizes) {
    if (size < 0 || size > shape[axis])
      return InvalidArgument("a part of size ", size, " of axis ", axis, " with size ", shape[axis]);
    total += size;
  }
  if (total != shape[axis]) return InvalidArgument("parts of ", total, " in all, axis ", axis, " has ", shape[axis]);
  for (size_t k = 0; k < sizes.size(); ++k) {
    shape[axis] = sizes[k];
    context.SetOutput(static_cast<int>(k), context.input(data).dtype, shape);
  }
  return {};
}

CutPlan MakeSplitPlan(const OpContext& context, int data, int axis) {
  CutPlan plan{data, axis, {}};
  int64_t begin = 0;
  for (int k = 0; k < context.num_outputs(); ++k) {
    const Shape& out = context.output(k).shape;
    MovePlan part;
    for (int a = 0; a < out.rank(); ++a) part.axes.push_back(MoveSlice(a, a == axis ? begin : 0, 1, out[a]));
    begin += out[axis];
    plan.plans.push_back(std::move(part));
  }
  return plan;
}

std::vector<AxisRule> SplitAxes(const OpContext& context, int data, int axis, int out_axis) {
  if (out_axis == axis) return {};
  std::vector<AxisRule> rules(static_cast<size_t>(context.num_inputs()), AxisRule::All());
  rules[data] = AxisRule::Same(out_axis, context.input(data).shape[out_axis]);
  return rules;
}

}  // namespace safelight
