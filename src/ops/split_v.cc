// SPDX-License-Identifier: Apache-2.0
//
// SPLIT_V: input 0 in parts of the sizes of input 1 along the axis of input 2; one size may be -1.
#include "ops/support/split.h"

namespace safelight {
namespace {

constexpr int kData = 0;

Result<int> AxisOf(const OpContext& context) {
  SL_ASSIGN(const std::vector<int64_t> axis, context.ConstInts(2));
  if (axis.size() != 1) return InvalidArgument(axis.size(), " axes, must be 1");
  return NormalizeAxis(axis[0], context.input(kData).shape.rank());
}

Status Infer(InferContext& context) {
  SL_ASSIGN(const int axis, AxisOf(context));
  SL_ASSIGN(std::vector<int64_t> sizes, context.ConstInts(1));
  int64_t rest = context.input(kData).shape[axis];
  int64_t* open = nullptr;
  for (int64_t& size : sizes) {
    if (size == -1 && open == nullptr) {
      open = &size;
    } else {
      rest -= size;
    }
  }
  if (open != nullptr) *open = rest;
  return SetSplitOutputs(context, kData, axis, sizes);
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

extern const OpDef split_v_op;
const OpDef split_v_op{
    .name = "SPLIT_V",
    .tflite_code = 102,
    .min_inputs = 3,
    .max_inputs = 3,
    .outputs = OpDef::kVariadic,
    .infer = Infer,
    .axes = Axes,
    .reference = Reference,
    .prepare = Prepare,
};

}  // namespace safelight
