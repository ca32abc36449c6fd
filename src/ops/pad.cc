// SPDX-License-Identifier: Apache-2.0
//
// PAD: the value with a border of zeros; of quantized values, of what stands for zero.
#include "ops/support/pad.h"

#include "ops/support/function_kernel.h"
#include "ops/support/quantized.h"

namespace safelight {
namespace {

// Elements of 8 bits with a scale: their zero point is the border.
bool HasZeroPoint(const OpContext& context) {
  const Value& out = context.output(0);
  return (out.dtype == DType::kInt8 || out.dtype == DType::kUInt8) && !out.quant.empty();
}

Result<std::unique_ptr<Kernel>> PrepareFilled(const OpContext& context) {
  SL_ASSIGN(const Quantization quantization, QuantizationOf(context.output(0)));
  SL_ASSIGN(MovePlan plan, PadPlan(context));
  const auto fill = static_cast<std::byte>(quantization.zero_point);
  return MakeFunctionKernel([plan = std::move(plan), fill](const KernelArgs& args) {
    RunMoves(plan, args.inputs[0], args.outputs[0], args.box, &fill);
  });
}

std::vector<AxisRule> Axes(const OpContext& context, int out_axis) { return MoveAxes(PadPlan, context, out_axis); }

Status Reference(const OpContext& context, std::span<const ConstTensorView> inputs,
                 std::span<const TensorView> outputs) {
  if (!HasZeroPoint(context)) return MoveReference(PadPlan, kNone, context, inputs, outputs);
  SL_ASSIGN(const std::unique_ptr<Kernel> kernel, PrepareFilled(context));
  return RunWhole(*kernel, inputs, outputs);
}

Result<std::unique_ptr<Kernel>> Prepare(const OpContext& context, const PrepareOptions&) {
  return HasZeroPoint(context) ? PrepareFilled(context) : PrepareMove(PadPlan, kNone, context);
}

}  // namespace

extern const OpDef pad_op;
const OpDef pad_op{
    .name = "PAD",
    .tflite_code = 34,
    .min_inputs = 2,
    .max_inputs = 2,
    .infer = InferPad,
    .axes = Axes,
    .reference = Reference,
    .prepare = Prepare,
};

}  // namespace safelight
