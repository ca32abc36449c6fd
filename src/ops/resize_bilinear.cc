// SPDX-License-Identifier: Apache-2.0
//
// RESIZE_BILINEAR: each pixel from its four neighbours in the input, by distance.
#include "ops/support/resize_axis.h"
#include "ops/support/spatial.h"

namespace safelight {
namespace {

Result<std::shared_ptr<const OpAttrs>> Read(const AttrReader& reader) { return ReadResize(reader, 2, 3); }

std::vector<ResizeTap> TapsOf(const OpContext& context, int axis) {
  return BilinearTaps(context.input(0).shape[axis], context.output(0).shape[axis], context.attrs<ResizeAttrs>());
}

std::vector<AxisRule> Axes(const OpContext& context, int out_axis) {
  if (out_axis == 3) return {};
  const int64_t in = context.input(0).shape[out_axis];
  const bool resized = out_axis == 1 || out_axis == 2;
  return {resized ? ResizeRule(out_axis, in, TapsOf(context, out_axis)) : AxisRule::Same(out_axis, in), AxisRule::All()};
}

class ResizeKernel : public Kernel {
 public:
  explicit ResizeKernel(const OpContext& context) : rows_(TapsOf(context, 1)), columns_(TapsOf(context, 2)) {}
  Status Run(const KernelArgs& args) const override {
    const Range* box = args.box.axis;
    for (int64_t n = box[0].begin; n < box[0].end; ++n) {
      for (int64_t y = box[1].begin; y < box[1].end; ++y) {
        for (int64_t x = box[2].begin; x < box[2].end; ++x) RunPixel(args, n, y, x);
      }
    }
    return {};
  }

 private:
  void RunPixel(const KernelArgs& args, int64_t n, int64_t y, int64_t x) const {
    const ResizeTap &row = rows_[y], &column = columns_[x];
    const Window& in = args.inputs[0];
    const float* top_left = in.Pixel<float>(n, row.low, column.low);
    const float* bottom_left = in.Pixel<float>(n, row.high, column.low);
    const float* top_right = in.Pixel<float>(n, row.low, column.high);
    const float* bottom_right = in.Pixel<float>(n, row.high, column.high);
    float* out = args.outputs[0].Pixel<float>(n, y, x);
    const float v = row.weight, u = column.weight;
    for (int64_t c = args.box.axis[3].begin; c < args.box.axis[3].end; ++c) {
      out[c] = top_left[c] * (1 - v) * (1 - u) + bottom_left[c] * v * (1 - u) + top_right[c] * (1 - v) * u +
               bottom_right[c] * v * u;
    }
  }

  const std::vector<ResizeTap> rows_, columns_;
};

Result<std::unique_ptr<Kernel>> Prepare(const OpContext& context, const PrepareOptions&) {
  if (context.input(0).dtype != DType::kFloat32) {
    return Unsupported(DTypeName(context.input(0).dtype), " arithmetic is not built yet");
  }
  return std::unique_ptr<Kernel>(std::make_unique<ResizeKernel>(context));
}

Status Reference(const OpContext& context, std::span<const ConstTensorView> inputs, std::span<const TensorView> outputs) {
  if (context.input(0).dtype != DType::kFloat32) {
    return Unsupported(DTypeName(context.input(0).dtype), " arithmetic is not built yet");
  }
  const Window in = WholeWindow(inputs[0].dtype, inputs[0].shape, const_cast<void*>(inputs[0].data));
  const Window out = WholeWindow(outputs[0].dtype, outputs[0].shape, outputs[0].data);
  return ResizeKernel(context).Run({{&in, 1}, {&out, 1}, WholeBox(out.shape), nullptr});
}

}  // namespace

extern const OpDef resize_bilinear_op;
const OpDef resize_bilinear_op{
    .name = "RESIZE_BILINEAR",
    .tflite_code = 23,
    .min_inputs = 2,
    .max_inputs = 2,
    .read = Read,
    .infer = InferResize,
    .axes = Axes,
    .reference = Reference,
    .prepare = Prepare,
    .shape_inputs = 2,
    .rescale = RescaleResize,
    .size_follows_join = true,
};

}  // namespace safelight
