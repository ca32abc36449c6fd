// SPDX-License-Identifier: Apache-2.0
#include "ops/support/last_axis.h"

#include <algorithm>

#include "ops/support/reduce_walk.h"

namespace safelight {
namespace {

class LastAxisKernel : public Kernel {
 public:
  LastAxisKernel(LastAxisLoop loop, float parameter) : loop_(loop), parameter_(parameter) {}

  Status Run(const KernelArgs& args) const override {
    const Window& in = args.inputs[0];
    const Window& out = args.outputs[0];
    const int last = out.shape.rank() - 1;
    const int64_t depth = out.shape[last];
    if (args.box.axis[last] != Range{0, depth}) return Internal("an op over the last axis makes all of it at once");
    if (depth == 0) return {};
    const int64_t in_last = in.Offset(last, 0), out_last = out.Offset(last, 0);
    if (last == 0) {
      loop_({in.at<const float>(in_last), 0, out.at<float>(out_last), 0, 1, depth}, parameter_);
      return {};
    }
    const int axis = last - 1;  // along which pixels stand in one run
    const Range range = args.box.axis[axis];
    ForEachIndex(args.box.axis, axis, [&](const int64_t* index) {
      const int64_t from = in_last + OffsetOf(in, index, axis), to = out_last + OffsetOf(out, index, axis);
      for (int64_t x = range.begin, pixels = 0; x < range.end; x += pixels) {
        pixels = std::min(EvenSteps(in, axis, x, range.end), EvenSteps(out, axis, x, range.end));
        loop_({in.at<const float>(from + in.Offset(axis, x)), in.strides[axis], out.at<float>(to + out.Offset(axis, x)),
               out.strides[axis], pixels, depth},
              parameter_);
      }
    });
    return {};
  }

 private:
  LastAxisLoop loop_;
  float parameter_;
};

}  // namespace

Status InferLastAxis(InferContext& context) {
  const Value& input = context.input(0);
  if (input.shape.rank() == 0) return InvalidArgument("the input is a scalar, must have at least 1 dimension");
  switch (input.dtype) {
    case DType::kFloat32: context.SetOutput(0, input.dtype, input.shape); return {};
    case DType::kInt8:
    case DType::kUInt8:
    case DType::kInt16: break;
    default: return InvalidArgument("the input is ", DTypeName(input.dtype), ", must be float32 or quantized");
  }
  // Quantized results may be wider than the input.
  const DType declared = context.output(0).dtype;
  context.SetOutput(0, declared == DType::kFloat32 ? input.dtype : declared, input.shape);
  return {};
}

std::vector<AxisRule> LastAxisRules(const OpContext& context, int out_axis) {
  const Shape& shape = context.input(0).shape;
  if (out_axis >= shape.rank() - 1) return {};
  return {AxisRule::Same(out_axis, shape[out_axis])};
}

Status CheckLastAxisFloat(const OpContext& context) {
  if (context.input(0).dtype == DType::kFloat32) return {};
  return Unsupported(DTypeName(context.input(0).dtype), " arithmetic is not built yet");
}

Result<std::unique_ptr<Kernel>> MakeLastAxisKernel(const OpContext& context, LastAxisLoop loop, float parameter) {
  SL_TRY(CheckLastAxisFloat(context));
  return std::unique_ptr<Kernel>(std::make_unique<LastAxisKernel>(loop, parameter));
}

}  // namespace safelight
