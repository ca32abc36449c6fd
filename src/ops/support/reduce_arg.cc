// SPDX-License-Identifier: Apache-2.0
#include "ops/support/reduce_arg.h"

#include "ops/support/reduce_walk.h"

namespace safelight {
namespace {

// TFLite's TensorType of the result.
constexpr int64_t kTypeInt32 = 2;
constexpr int64_t kTypeInt64 = 4;

struct ArgAttrs : OpAttrs {
  int64_t output_type = 0;  // 0: as the output is declared
};

Result<int> ArgAxis(const OpContext& context) {
  SL_ASSIGN(const std::vector<int64_t> axes, context.ConstInts(1));
  const int rank = context.input(0).shape.rank();
  if (axes.size() != 1) return InvalidArgument(axes.size(), " axes, must be 1");
  const int64_t axis = axes[0];
  if (axis < -rank || axis >= rank) {
    return InvalidArgument("axis ", axis, " of an input of ", rank, " dimensions, must be ", -rank, " to ", rank - 1);
  }
  return static_cast<int>(axis < 0 ? axis + rank : axis);
}

// The input's axis that stands at `out_axis` of the output.
int InputAxis(int out_axis, int arg_axis) { return out_axis < arg_axis ? out_axis : out_axis + 1; }

template <typename T, typename Out, bool is_max>
class ArgKernel : public Kernel {
 public:
  explicit ArgKernel(int axis) : axis_(axis) {}

  Status Run(const KernelArgs& args) const override {
    const Window& in = args.inputs[0];
    const Window& out = args.outputs[0];
    const int rank = out.shape.rank();
    const int64_t first = in.Offset(axis_, 0);
    ForEachIndex(args.box.axis, rank, [&](const int64_t* index) {
      int64_t from = first, to = 0;
      for (int axis = 0; axis < rank; ++axis) {
        from += in.Offset(InputAxis(axis, axis_), index[axis]);
        to += out.Offset(axis, index[axis]);
      }
      *out.at<Out>(to) = static_cast<Out>(Find(in.at<const T>(from), in.strides[axis_], in.shape[axis_]));
    });
    return {};
  }

 private:
  static int64_t Find(const T* x, int64_t stride, int64_t count) {
    T best = x[0];
    int64_t found = 0;
    for (int64_t i = 1; i < count; ++i) {
      const T candidate = x[i * stride];
      const bool first_number = best != best && candidate == candidate;  // what is no number never wins
      if ((is_max ? candidate > best : candidate < best) || first_number) {
        best = candidate;
        found = i;
      }
    }
    return found;
  }

  int axis_;
};

template <typename T, bool is_max>
std::unique_ptr<Kernel> MakeKernel(int axis, DType out) {
  if (out == DType::kInt64) return std::make_unique<ArgKernel<T, int64_t, is_max>>(axis);
  return std::make_unique<ArgKernel<T, int32_t, is_max>>(axis);
}

}  // namespace

Result<std::shared_ptr<const OpAttrs>> ReadArg(const AttrReader& reader) {
  auto attrs = std::make_shared<ArgAttrs>();
  attrs->output_type = reader.Int(0, 0);
  return std::shared_ptr<const OpAttrs>(std::move(attrs));
}

Status InferArg(InferContext& context) {
  const Shape& input = context.input(0).shape;
  SL_ASSIGN(const int arg_axis, ArgAxis(context));
  Shape shape;
  for (int axis = 0; axis < input.rank() - 1; ++axis) shape.push_back(input[InputAxis(axis, arg_axis)]);
  if (input[arg_axis] == 0 && shape.elements() > 0) {
    return InvalidArgument("input of shape ", input.ToString(), " has nothing along axis ", arg_axis);
  }
  const int64_t type = context.node().attrs == nullptr ? 0 : context.attrs<ArgAttrs>().output_type;
  DType dtype = context.output(0).dtype;
  if (type == kTypeInt32) dtype = DType::kInt32;
  if (type == kTypeInt64) dtype = DType::kInt64;
  if (dtype != DType::kInt32 && dtype != DType::kInt64) {
    return InvalidArgument("output type ", type, ", must be ", kTypeInt32, " (int32) or ", kTypeInt64, " (int64)");
  }
  context.SetOutput(0, dtype, shape);
  return {};
}

std::vector<AxisRule> ArgAxisRules(const OpContext& context, int out_axis) {
  const auto arg_axis = ArgAxis(context);
  if (!arg_axis.ok()) return {};
  const int axis = InputAxis(out_axis, *arg_axis);
  return {AxisRule::Same(axis, context.input(0).shape[axis]), AxisRule::All()};
}

Cost ArgCost(const OpContext& context) { return {.other = context.input(0).shape.elements()}; }

template <bool is_max>
Result<std::unique_ptr<Kernel>> PrepareArg(const OpContext& context, const PrepareOptions&) {
  SL_ASSIGN(const int axis, ArgAxis(context));
  const DType out = context.output(0).dtype;
  switch (context.input(0).dtype) {
    case DType::kFloat32: return MakeKernel<float, is_max>(axis, out);
    case DType::kInt32: return MakeKernel<int32_t, is_max>(axis, out);
    case DType::kInt64: return MakeKernel<int64_t, is_max>(axis, out);
    case DType::kInt16: return MakeKernel<int16_t, is_max>(axis, out);
    case DType::kInt8: return MakeKernel<int8_t, is_max>(axis, out);
    case DType::kUInt8:
    case DType::kBool: return MakeKernel<uint8_t, is_max>(axis, out);
    default: return Unsupported("comparing ", DTypeName(context.input(0).dtype));
  }
}

template <bool is_max>
Status ArgReference(const OpContext& context, std::span<const ConstTensorView> inputs,
                    std::span<const TensorView> outputs) {
  // The kernel is the plain loop already.
  SL_ASSIGN(const std::unique_ptr<Kernel> kernel, PrepareArg<is_max>(context, {}));
  const Window in = WholeWindow(inputs[0].dtype, inputs[0].shape, const_cast<void*>(inputs[0].data));
  const Window out = WholeWindow(outputs[0].dtype, outputs[0].shape, outputs[0].data);
  return kernel->Run({.inputs = {&in, 1}, .outputs = {&out, 1}, .box = WholeBox(outputs[0].shape), .scratch = nullptr});
}

template Status ArgReference<true>(const OpContext&, std::span<const ConstTensorView>, std::span<const TensorView>);
template Status ArgReference<false>(const OpContext&, std::span<const ConstTensorView>, std::span<const TensorView>);
template Result<std::unique_ptr<Kernel>> PrepareArg<true>(const OpContext&, const PrepareOptions&);
template Result<std::unique_ptr<Kernel>> PrepareArg<false>(const OpContext&, const PrepareOptions&);

}  // namespace safelight
