// SPDX-License-Identifier: Apache-2.0
//
// SPACE_TO_DEPTH: pixel (y * b + dy, x * b + dx) becomes channels (dy * b + dx) * C + c of pixel (y, x).
#include <algorithm>
#include <cstring>

#include "kernels/copy_runs.h"
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

// A channel decides where in the block a pixel lies, so it reaches rows, columns and channels: one copy per row of a
// block.
class SpaceToDepthKernel : public Kernel {
 public:
  SpaceToDepthKernel(int64_t block, size_t element_bytes) : block_(block), element_bytes_(element_bytes) {}
  Status Run(const KernelArgs& args) const override {
    const Range* box = args.box.axis;
    // Where columns are split into a ring, which may wrap anywhere, pixels go one by one.
    const bool together = args.inputs[0].row_axis != 2 && args.outputs[0].row_axis != 2;
    const int64_t step = together ? std::max<int64_t>(box[2].size(), 1) : 1;
    for (int64_t n = box[0].begin; n < box[0].end; ++n) {
      for (int64_t y = box[1].begin; y < box[1].end; ++y) {
        for (int64_t x = box[2].begin; x < box[2].end; x += step) {
          for (int64_t row = 0; row < block_; ++row) CopyRow(args, {n, y, x}, row, step);
        }
      }
    }
    return {};
  }

 private:
  struct Pixel {
    int64_t n, y, x;
  };

  // Row `row` of the blocks of `count` pixels.
  void CopyRow(const KernelArgs& args, const Pixel& at, int64_t row, int64_t count) const {
    const Window &in = args.inputs[0], &out = args.outputs[0];
    const int64_t bytes = static_cast<int64_t>(element_bytes_), channels = in.shape[3];
    std::byte* to = out.data + (out.Offset(0, at.n) + out.Offset(1, at.y) + out.Offset(2, at.x)) * bytes +
                    row * block_ * channels * bytes;
    const int64_t line = in.Offset(0, at.n) + in.Offset(1, at.y * block_ + row);
    if (in.row_axis != 2) {
      kernels::CopyRuns(in.data + (line + in.Offset(2, at.x * block_)) * bytes, block_ * in.strides[2] * bytes, to,
                        out.strides[2] * bytes, static_cast<size_t>(block_ * channels * bytes), count);
      return;
    }
    for (int64_t column = 0; column < block_; ++column, to += channels * bytes) {
      std::memcpy(to, in.data + (line + in.Offset(2, at.x * block_ + column)) * bytes,
                  static_cast<size_t>(channels * bytes));
    }
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
