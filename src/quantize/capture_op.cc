// SPDX-License-Identifier: Apache-2.0
#include "quantize/capture_op.h"

#include <utility>

namespace safelight {
namespace {

Status Infer(InferContext& context) {
  Shape shape = context.input(0).shape;
  if (!CanCapture(context.input(0).dtype)) {
    return InvalidArgument(DTypeName(context.input(0).dtype), " values are not looked at");
  }
  if (shape.rank() > 0) shape[shape.rank() - 1] = 1;
  context.SetOutput(0, DType::kUInt8, shape);
  return {};
}

std::vector<AxisRule> Axes(const OpContext& context, int out_axis) {
  const Shape& shape = context.input(0).shape;
  return {out_axis == shape.rank() - 1 ? AxisRule::All() : AxisRule::Same(out_axis, shape[out_axis])};
}

class CaptureKernel : public Kernel {
 public:
  explicit CaptureKernel(const CaptureAttrs& attrs)
      : to_(attrs.to), scale_(attrs.scale), zero_point_(attrs.zero_point) {}

  Status Run(const KernelArgs& args) const override {
    if (args.inputs[0].shape.elements() > 0) Copy(args, 0, 0, 0, 0);
    return {};
  }

 private:
  // `in`, `out`, `whole`: places in the value's window, in the output's, in the tensor.
  void Copy(const KernelArgs& args, int axis, int64_t in, int64_t out, int64_t whole) const {
    const Window &from = args.inputs[0], &to = args.outputs[0];
    const int last = from.shape.rank() - 1;
    if (axis >= last) {
      *to.at<uint8_t>(last < 0 ? out : out + to.Offset(last, 0)) = 0;
      const int64_t count = last < 0 ? 1 : from.shape[last];
      for (int64_t i = 0; i < count; ++i) {
        to_->data<float>()[whole + i] = Real(from, last < 0 ? in : in + from.Offset(last, i));
      }
      return;
    }
    const int64_t step = from.shape.Product(axis + 1, from.shape.rank());
    for (int64_t i = args.box.axis[axis].begin; i < args.box.axis[axis].end; ++i) {
      Copy(args, axis + 1, in + from.Offset(axis, i), out + to.Offset(axis, i), whole + i * step);
    }
  }

  float Real(const Window& from, int64_t at) const {
    switch (from.dtype) {
      case DType::kInt8: return Real(*from.at<int8_t>(at));
      case DType::kUInt8: return Real(*from.at<uint8_t>(at));
      case DType::kInt16: return Real(*from.at<int16_t>(at));
      default: return *from.at<float>(at);
    }
  }
  float Real(int32_t stored) const { return scale_ * static_cast<float>(stored - zero_point_); }

  const std::shared_ptr<Tensor> to_;
  const float scale_;
  const int32_t zero_point_;
};

Status Reference(const OpContext& context, std::span<const ConstTensorView> inputs,
                 std::span<const TensorView> outputs) {
  return RunWhole(CaptureKernel(context.attrs<CaptureAttrs>()), inputs, outputs);
}

Result<std::unique_ptr<Kernel>> Prepare(const OpContext& context, const PrepareOptions&) {
  return std::unique_ptr<Kernel>(std::make_unique<CaptureKernel>(context.attrs<CaptureAttrs>()));
}

}  // namespace

bool CanCapture(DType dtype) {
  return dtype == DType::kFloat32 || dtype == DType::kInt8 || dtype == DType::kUInt8 || dtype == DType::kInt16;
}

const OpDef capture_op{
    .name = "CAPTURE",
    .infer = Infer,
    .axes = Axes,
    .reference = Reference,
    .prepare = Prepare,
};

}  // namespace safelight
