// SPDX-License-Identifier: Apache-2.0
//
// GATHER: the slices along `axis` that the indices name; the first `batch_dims` axes are shared by both inputs.
#include <cstring>

#include "ops/support/movement.h"

namespace safelight {
namespace {

struct Attrs : OpAttrs {
  int64_t axis = 0, batch_dims = 0;
};

Result<std::shared_ptr<const OpAttrs>> Read(const AttrReader& reader) {
  auto attrs = std::make_shared<Attrs>();
  attrs->axis = reader.Int(0, 0);
  attrs->batch_dims = reader.Int(1, 0);
  return std::shared_ptr<const OpAttrs>(std::move(attrs));
}

struct Axes2 {
  int axis, batch;
};

Result<Axes2> AxesOf(const OpContext& context) {
  const Attrs& attrs = context.attrs<Attrs>();
  const Shape &in = context.input(0).shape, &indices = context.input(1).shape;
  SL_ASSIGN(const int axis, NormalizeAxis(attrs.axis, in.rank()));
  const int64_t batch = attrs.batch_dims < 0 ? attrs.batch_dims + indices.rank() : attrs.batch_dims;
  if (batch < 0 || batch > indices.rank() || batch > axis) return InvalidArgument("batch_dims ", attrs.batch_dims);
  for (int i = 0; i < batch; ++i) {
    if (in[i] != indices[i])
      return InvalidArgument("batch axis ", i, " is ", in[i], " in the value and ", indices[i], " in the indices");
  }
  return Axes2{axis, static_cast<int>(batch)};
}

Status Infer(InferContext& context) {
  SL_ASSIGN(const Axes2 axes, AxesOf(context));
  const Shape &in = context.input(0).shape, &indices = context.input(1).shape;
  const DType type = context.input(1).dtype;
  if (type != DType::kInt32 && type != DType::kInt64 && type != DType::kInt16) {
    return InvalidArgument("indices are ", DTypeName(type), ", must be int16, int32 or int64");
  }
  if (in.rank() - 1 + indices.rank() - axes.batch > Shape::kMaxRank)
    return Unsupported("an output of more than ", Shape::kMaxRank, " axes");
  Shape out;
  for (int i = 0; i < axes.axis; ++i) out.push_back(in[i]);
  for (int i = axes.batch; i < indices.rank(); ++i) out.push_back(indices[i]);
  for (int i = axes.axis + 1; i < in.rank(); ++i) out.push_back(in[i]);
  context.SetOutput(0, context.input(0).dtype, out);
  return {};
}

int64_t IndexAt(const ConstTensorView& indices, int64_t i) {
  if (indices.dtype == DType::kInt64) return static_cast<const int64_t*>(indices.data)[i];
  if (indices.dtype == DType::kInt16) return static_cast<const int16_t*>(indices.data)[i];
  return static_cast<const int32_t*>(indices.data)[i];
}

Status Reference(const OpContext& context, std::span<const ConstTensorView> inputs,
                 std::span<const TensorView> outputs) {
  SL_TRY(CheckMovable(context));
  SL_ASSIGN(const Axes2 axes, AxesOf(context));
  const Shape &in = inputs[0].shape, &indices = inputs[1].shape;
  const int64_t batches = in.Product(0, axes.batch), outer = in.Product(axes.batch, axes.axis), size = in[axes.axis];
  const int64_t count = indices.Product(axes.batch, indices.rank());
  const size_t slice = static_cast<size_t>(in.Product(axes.axis + 1, in.rank())) * DTypeSize(inputs[0].dtype);
  const std::byte* from = static_cast<const std::byte*>(inputs[0].data);
  std::byte* to = static_cast<std::byte*>(outputs[0].data);
  for (int64_t b = 0; b < batches; ++b) {
    for (int64_t o = 0; o < outer; ++o) {
      for (int64_t i = 0; i < count; ++i, to += slice) {
        const int64_t index = IndexAt(inputs[1], b * count + i);
        if (index < 0 || index >= size) return InvalidArgument("index ", index, " of an axis with size ", size);
        if (slice > 0) std::memcpy(to, from + static_cast<size_t>((b * outer + o) * size + index) * slice, slice);
      }
    }
  }
  return {};
}

// Constant indices of rank up to 1 are tables like any other; the rest runs whole.
Result<MovePlan> Plan(const OpContext& context) {
  SL_ASSIGN(const Axes2 axes, AxesOf(context));
  const Shape &in = context.input(0).shape, &indices = context.input(1).shape;
  if (indices.rank() > 1 || axes.batch > 0 || !context.input(1).is_constant()) return Unsupported("no plan by rows");
  SL_ASSIGN(const std::vector<int64_t> listed, context.ConstInts(1));
  for (int64_t index : listed) {
    if (index < 0 || index >= in[axes.axis])
      return InvalidArgument("index ", index, " of an axis with size ", in[axes.axis]);
  }
  MovePlan plan;
  for (int axis = 0; axis < in.rank(); ++axis) {
    if (axis != axes.axis) {
      plan.axes.push_back(MoveSame(axis, in[axis]));
    } else if (indices.rank() == 0) {
      plan.base[axis] = listed[0];
    } else {
      MoveAxis move{axis, kNone, {}};
      for (int64_t index : listed) move.moves.push_back({index, 0});
      plan.axes.push_back(std::move(move));
    }
  }
  return plan;
}

class WholeGather : public Kernel {
 public:
  explicit WholeGather(const OpContext& context) : graph_(context.graph()), node_(context.node()) {}
  Status Run(const KernelArgs& args) const override {
    const Window &in = args.inputs[0], &indices = args.inputs[1], &out = args.outputs[0];
    const ConstTensorView inputs[] = {{in.dtype, in.shape, in.data}, {indices.dtype, indices.shape, indices.data}};
    const TensorView output{out.dtype, out.shape, out.data};
    return Reference(OpContext(graph_, node_), inputs, {&output, 1});
  }

 private:
  const Graph& graph_;
  const Node& node_;
};

std::vector<AxisRule> Axes(const OpContext& context, int out_axis) { return MoveAxes(Plan, context, out_axis); }

Result<std::unique_ptr<Kernel>> Prepare(const OpContext& context, const PrepareOptions&) {
  SL_TRY(CheckMovable(context));
  Result<MovePlan> plan = Plan(context);
  if (plan.ok()) return MakeMoveKernel(std::move(plan).value());
  if (plan.status().code() == StatusCode::kInvalidArgument) return plan.status();
  return std::unique_ptr<Kernel>(std::make_unique<WholeGather>(context));
}

}  // namespace

extern const OpDef gather_op;
const OpDef gather_op{
    .name = "GATHER",
    .tflite_code = 36,
    .min_inputs = 2,
    .max_inputs = 2,
    .read = Read,
    .infer = Infer,
    .axes = Axes,
    .reference = Reference,
    .prepare = Prepare,
    .selects = true,
};

}  // namespace safelight
