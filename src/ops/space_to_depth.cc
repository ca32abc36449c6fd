// SPDX-License-Identifier: Apache-2.0
//
// SPACE_TO_DEPTH: pixel (y * b + dy, x * b + dx) becomes channels (dy * b + dx) * C + c of pixel (y, x).
#include "ops/support/movement.h"

namespace safelight {
namespace {

struct Attrs : OpAttrs {
  int64_t block = 1;
};

Result<std::shared_ptr<const OpAttrs>> Read(const AttrReader& reader) {
  auto attrs = std::make_shared<Attrs>();
  attrs->block = reader.Int(0, 0);
  if (attrs->block < 1 || attrs->block > 1024)
    return InvalidArgument("block_size ", attrs->block, ", must be 1 to 1024");
  return std::shared_ptr<const OpAttrs>(std::move(attrs));
}

Status Infer(InferContext& context) {
  const Shape& in = context.input(0).shape;
  const int64_t block = context.attrs<Attrs>().block;
  if (in.rank() != 4) return InvalidArgument("input has shape ", in.ToString(), ", must have rank 4 (n h w c)");
  if (in[1] % block != 0 || in[2] % block != 0) {
    return InvalidArgument("height and width of ", in.ToString(), " do not divide by ", block);
  }
  context.SetOutput(0, context.input(0).dtype, {in[0], in[1] / block, in[2] / block, in[3] * block * block});
  return {};
}

// A channel decides where in the block a pixel lies, so it reaches rows, columns and channels: one copy per (y, x).
class SpaceToDepthKernel : public Kernel {
 public:
  SpaceToDepthKernel(int64_t block, size_t element_bytes) : block_(block), element_bytes_(element_bytes) {}
  Status Run(const KernelArgs& args) const override {
    const Range* box = args.box.axis;
    const int64_t channels = args.inputs[0].shape[3];
    for (int64_t n = box[0].begin; n < box[0].end; ++n) {
      for (int64_t y = box[1].begin; y < box[1].end; ++y) {
        for (int64_t x = box[2].begin; x < box[2].end; ++x) {
          for (int64_t part = 0; part < block_ * block_; ++part) CopyPart(args, n, y, x, part, channels);
        }
      }
    }
    return {};
  }

 private:
  void CopyPart(const KernelArgs& args, int64_t n, int64_t y, int64_t x, int64_t part, int64_t channels) const {
    const Window &in = args.inputs[0], &out = args.outputs[0];
    const int64_t from =
        in.Offset(0, n) + in.Offset(1, y * block_ + part / block_) + in.Offset(2, x * block_ + part % block_);
    const int64_t to = out.Offset(0, n) + out.Offset(1, y) + out.Offset(2, x) + part * channels;
    std::copy_n(in.data + static_cast<size_t>(from) * element_bytes_, static_cast<size_t>(channels) * element_bytes_,
                out.data + static_cast<size_t>(to) * element_bytes_);
  }

  const int64_t block_;
  const size_t element_bytes_;
};

std::vector<AxisRule> Axes(const OpContext& context, int out_axis) {
  const Shape& in = context.input(0).shape;
  const int64_t block = context.attrs<Attrs>().block;
  if (out_axis == 3) return {};
  if (out_axis == 0) return {AxisRule::Same(0, in[0])};
  return {AxisRule::Window(out_axis, in[out_axis], block, 0, block)};
}

Result<std::unique_ptr<Kernel>> Prepare(const OpContext& context, const PrepareOptions&) {
  SL_TRY(CheckMovable(context));
  return std::unique_ptr<Kernel>(
      std::make_unique<SpaceToDepthKernel>(context.attrs<Attrs>().block, DTypeSize(context.input(0).dtype)));
}

Status Reference(const OpContext& context, std::span<const ConstTensorView> inputs,
                 std::span<const TensorView> outputs) {
  SL_ASSIGN(const std::unique_ptr<Kernel> kernel, Prepare(context, {}));
  const Window in = WholeWindow(inputs[0].dtype, inputs[0].shape, const_cast<void*>(inputs[0].data));
  const Window out = WholeWindow(outputs[0].dtype, outputs[0].shape, outputs[0].data);
  return kernel->Run({{&in, 1}, {&out, 1}, WholeBox(out.shape), nullptr});
}

}  // namespace

extern const OpDef space_to_depth_op;
const OpDef space_to_depth_op{
    .name = "SPACE_TO_DEPTH",
    .tflite_code = 26,
    .read = Read,
    .infer = Infer,
    .axes = Axes,
    .reference = Reference,
    .prepare = Prepare,
    .selects = true,
};

}  // namespace safelight
