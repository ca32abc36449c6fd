// SPDX-License-Identifier: Apache-2.0
//
// RESIZE_NEAREST_NEIGHBOR: each pixel is a pixel of the input.
#include <cstring>

#include "ops/support/resize_axis.h"
#include "ops/support/spatial.h"

namespace safelight {
namespace {

Result<std::shared_ptr<const OpAttrs>> Read(const AttrReader& reader) { return ReadResize(reader, 0, 1); }

std::vector<ResizeTap> TapsOf(const OpContext& context, int axis) {
  return NearestTaps(context.input(0).shape[axis], context.output(0).shape[axis], context.attrs<ResizeAttrs>());
}

std::vector<AxisRule> Axes(const OpContext& context, int out_axis) {
  if (out_axis == 3) return {};
  const int64_t in = context.input(0).shape[out_axis];
  const bool resized = out_axis == 1 || out_axis == 2;
  return {resized ? ResizeRule(out_axis, in, TapsOf(context, out_axis)) : AxisRule::Same(out_axis, in), AxisRule::All()};
}

class ResizeKernel : public Kernel {
 public:
  explicit ResizeKernel(const OpContext& context) : rows_(TapsOf(context, 1)), columns_(TapsOf(context, 2)),
        element_bytes_(DTypeSize(context.input(0).dtype)) {}
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
    const Window &in = args.inputs[0], &out = args.outputs[0];
    const Range channels = args.box.axis[3];
    const int64_t from = in.Offset(0, n) + in.Offset(1, rows_[y].low) + in.Offset(2, columns_[x].low) + channels.begin;
    const int64_t to = out.Offset(0, n) + out.Offset(1, y) + out.Offset(2, x) + channels.begin;
    std::memcpy(out.data + static_cast<size_t>(to) * element_bytes_, in.data + static_cast<size_t>(from) * element_bytes_,
                static_cast<size_t>(channels.size()) * element_bytes_);
  }

  const std::vector<ResizeTap> rows_, columns_;
  const size_t element_bytes_;
};

Result<std::unique_ptr<Kernel>> Prepare(const OpContext& context, const PrepareOptions&) {
  return std::unique_ptr<Kernel>(std::make_unique<ResizeKernel>(context));
}

Status Reference(const OpContext& context, std::span<const ConstTensorView> inputs, std::span<const TensorView> outputs) {
  const Window in = WholeWindow(inputs[0].dtype, inputs[0].shape, const_cast<void*>(inputs[0].data));
  const Window out = WholeWindow(outputs[0].dtype, outputs[0].shape, outputs[0].data);
  return ResizeKernel(context).Run({{&in, 1}, {&out, 1}, WholeBox(out.shape), nullptr});
}

}  // namespace

extern const OpDef resize_nearest_neighbor_op;
const OpDef resize_nearest_neighbor_op{
    .name = "RESIZE_NEAREST_NEIGHBOR",
    .tflite_code = 97,
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
