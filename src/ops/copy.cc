// SPDX-License-Identifier: Apache-2.0
//
// COPY: the same elements at another place. Made by the engine only, where a value must be
// kept whole and streams on at the same time.
#include <cstring>

#include "graph/op_def.h"

namespace safelight {
namespace {

Status Infer(InferContext& context) {
  context.SetOutput(0, context.input(0).dtype, context.input(0).shape);
  return {};
}

std::vector<AxisRule> Axes(const OpContext& context, int out_axis) {
  return {AxisRule::Same(out_axis, context.input(0).shape[out_axis])};
}

Status Reference(const OpContext&, std::span<const ConstTensorView> inputs, std::span<const TensorView> outputs) {
  if (inputs[0].size_bytes() > 0) std::memcpy(outputs[0].data, inputs[0].data, inputs[0].size_bytes());
  return {};
}

// Copies the trailing axes that lie next to each other in both windows at once.
class CopyKernel : public Kernel {
 public:
  Status Run(const KernelArgs& args) const override {
    const Window& in = args.inputs[0];
    const Window& out = args.outputs[0];
    const int rank = out.shape.rank();
    int axis = rank;
    int64_t run = 1;
    // An axis joins the run when it is full in the box, or is the first that is not.
    while (axis > 0) {
      const Range range = args.box.axis[axis - 1];
      const bool plain = in.strides[axis - 1] == run && out.strides[axis - 1] == run && axis - 1 != in.row_axis &&
                         axis - 1 != out.row_axis;
      if (!plain) break;
      --axis;
      run *= range.size();
      if (range.size() != out.shape[axis]) break;
    }
    Copy(args, 0, axis, 0, 0, static_cast<size_t>(run) * DTypeSize(out.dtype));
    return {};
  }

 private:
  static void Copy(const KernelArgs& args, int axis, int run_axis, int64_t in, int64_t out, size_t size_bytes) {
    const Window& from = args.inputs[0];
    const Window& to = args.outputs[0];
    if (axis == run_axis) {
      for (int a = run_axis; a < to.shape.rank(); ++a) {
        in += from.Offset(a, args.box.axis[a].begin);
        out += to.Offset(a, args.box.axis[a].begin);
      }
      const size_t element = DTypeSize(to.dtype);
      std::memcpy(to.data + out * element, from.data + in * element, size_bytes);
      return;
    }
    for (int64_t i = args.box.axis[axis].begin; i < args.box.axis[axis].end; ++i) {
      Copy(args, axis + 1, run_axis, in + from.Offset(axis, i), out + to.Offset(axis, i), size_bytes);
    }
  }
};

Result<std::unique_ptr<Kernel>> Prepare(const OpContext&, const PrepareOptions&) {
  return std::unique_ptr<Kernel>(std::make_unique<CopyKernel>());
}

}  // namespace

extern const OpDef copy_op;
const OpDef copy_op{
    .name = "COPY",
    .infer = Infer,
    .axes = Axes,
    .reference = Reference,
    .prepare = Prepare,
};

}  // namespace safelight
