// SPDX-License-Identifier: Apache-2.0
//
// DYNAMIC_QUANTIZE: float values n h w c as 8-bit numbers by the range of their batch item, stored as int16 with the
// zero point taken off (support/dynamic.h). Made by the engine only; inputs are the values, and the lowest and the
// highest of each batch item.
#include "ops/support/dynamic.h"
#include "ops/support/function_kernel.h"

namespace safelight {
namespace {

Status Infer(InferContext& context) {
  SL_TRY(CheckPicture(context, 0));
  for (int i : {1, 2}) {
    if (context.input(i).shape == Shape{context.input(0).shape[0]}) continue;
    return InvalidArgument("ends of ranges of shape ", context.input(i).shape.ToString(), ", must be one a batch item");
  }
  context.SetOutput(0, DType::kInt16, context.input(0).shape);
  return {};
}

std::vector<AxisRule> Axes(const OpContext& context, int out_axis) {
  return {AxisRule::Same(out_axis, context.input(0).shape[out_axis]), AxisRule::All(), AxisRule::All()};
}

void Run(bool symmetric, const KernelArgs& args) {
  const Window &in = args.inputs[0], &out = args.outputs[0];
  const Range* box = args.box.axis;
  const auto end_of = [&](size_t input, int64_t n) {
    return *args.inputs[input].at<float>(args.inputs[input].Offset(0, n));
  };
  // Pixels that are neighbours in both windows.
  const bool joined = in.row_axis != 2 && out.row_axis != 2 && in.row_axis != 3 && out.row_axis != 3 &&
                      box[3].size() == out.shape[3] && in.strides[2] == out.shape[3] && out.strides[2] == out.shape[3];
  const int64_t together = joined ? box[2].size() : 1;
  for (int64_t n = box[0].begin; n < box[0].end; ++n) {
    const kernels::DynamicValues by = MakeDynamicRange(end_of(1, n), end_of(2, n), symmetric).values;
    for (int64_t y = box[1].begin; y < box[1].end; ++y) {
      for (int64_t x = box[2].begin; x < box[2].end; x += together) {
        const auto place = [&](const Window& window, int64_t c) {
          return window.Offset(0, n) + window.Offset(1, y) + window.Offset(2, x) + window.Offset(3, c);
        };
        if (in.row_axis == 3 || out.row_axis == 3) {
          for (int64_t c = box[3].begin; c < box[3].end; ++c) {
            kernels::QuantizeDynamic(in.at<float>(place(in, c)), 1, by, out.at<int16_t>(place(out, c)));
          }
          continue;
        }
        const int64_t first = box[3].begin;
        kernels::QuantizeDynamic(in.at<float>(place(in, first)), together * box[3].size(), by,
                                 out.at<int16_t>(place(out, first)));
      }
    }
  }
}

Result<std::unique_ptr<Kernel>> Prepare(const OpContext& context, const PrepareOptions&) {
  const bool symmetric = context.attrs<DynamicQuantizeAttrs>().symmetric;
  return MakeFunctionKernel([symmetric](const KernelArgs& args) { Run(symmetric, args); });
}

Status Reference(const OpContext& context, std::span<const ConstTensorView> inputs,
                 std::span<const TensorView> outputs) {
  SL_ASSIGN(const auto kernel, Prepare(context, {}));
  return RunWhole(*kernel, inputs, outputs);
}

}  // namespace

extern const OpDef dynamic_quantize_op;
const OpDef dynamic_quantize_op{
    .name = "DYNAMIC_QUANTIZE",
    .min_inputs = 3,
    .max_inputs = 3,
    .infer = Infer,
    .axes = Axes,
    .reference = Reference,
    .prepare = Prepare,
};

}  // namespace safelight
