// SPDX-License-Identifier: Apache-2.0
//
// SPLIT: input 1 in equal parts along the axis of input 0.
#include "ops/support/split.h"

namespace safelight {
namespace {

constexpr int kData = 1;

Result<int> AxisOf(const OpContext& context) {
  SL_ASSIGN(const std::vector<int64_t> axis, context.ConstInts(0));
  if (axis.size() != 1) return InvalidArgument(axis.size(), " axes, must be 1");
  return NormalizeAxis(axis[0], context.input(kData).shape.rank());
}

Status Infer(InferContext& context) {
  SL_ASSIGN(const int axis, AxisOf(context));
  const int64_t size = context.input(kData).shape[axis], count = context.num_outputs();
  if (size % count != 0)
    return InvalidArgument("axis ", axis, " with size ", size, " does not divide into ", count, " parts");
  return SetSplitOutputs(context, kData, axis, std::vector<int64_t>(static_cast<size_t>(count), size / count));
}

std::vector<AxisRule> Axes(const OpContext& context, int out_axis) {
  const Result<int> axis = AxisOf(context);
  if (!axis.ok()) return {};
  return SplitAxes(context, kData, *axis, out_axis);
}

Result<std::unique_ptr<Kernel>> Prepare(const OpContext& context, const PrepareOptions&) {
  SL_TRY(CheckMovable(context));
  SL_ASSIGN(const int axis, AxisOf(context));
  return MakeCutKernel(MakeSplitPlan(context, kData, axis));
}

Status Reference(const OpContext& context, std::span<const ConstTensorView> inputs,
                 std::span<const TensorView> outputs) {
  SL_TRY(CheckMovable(context));
  SL_ASSIGN(const int axis, AxisOf(context));
  return CutReference(MakeSplitPlan(context, kData, axis), inputs, outputs);
}

}  // namespace

extern const OpDef split_op;
const OpDef split_op{
    .name = "SPLIT",
    .tflite_code = 49,
    .min_inputs = 2,
    .max_inputs = 2,
    .outputs = OpDef::kVariadic,
    .infer = Infer,
    .axes = Axes,
    .reference = Reference,
    .prepare = Prepare,
};

}  // namespace safelight
