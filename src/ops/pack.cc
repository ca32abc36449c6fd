// SPDX-License-Identifier: Apache-2.0
//
// PACK: values of one shape stacked along an axis that the output gains.
#include "ops/support/join.h"

namespace safelight {
namespace {

struct Attrs : OpAttrs {
  int64_t count = 0, axis = 0;
};

Result<std::shared_ptr<const OpAttrs>> Read(const AttrReader& reader) {
  auto attrs = std::make_shared<Attrs>();
  attrs->count = reader.Int(0, 0);
  attrs->axis = reader.Int(1, 0);
  return std::shared_ptr<const OpAttrs>(std::move(attrs));
}

Status Infer(InferContext& context) {
  const Shape& in = context.input(0).shape;
  if (in.rank() == Shape::kMaxRank) return Unsupported("rank ", in.rank() + 1, ", at most ", Shape::kMaxRank);
  SL_ASSIGN(const int axis, NormalizeAxis(context.attrs<Attrs>().axis, in.rank() + 1));
  for (int k = 1; k < context.num_inputs(); ++k) {
    if (!(context.input(k).shape == in) || context.input(k).dtype != context.input(0).dtype) {
      return InvalidArgument("input ", k, " has shape ", context.input(k).shape.ToString(), ", input 0 ",
                             in.ToString());
    }
  }
  Shape out;
  for (int i = 0; i <= in.rank(); ++i) {
    if (i == axis) out.push_back(context.num_inputs());
    if (i < in.rank()) out.push_back(in[i]);
  }
  context.SetOutput(0, context.input(0).dtype, out);
  return {};
}

int AxisOf(const OpContext& context) {
  return *NormalizeAxis(context.attrs<Attrs>().axis, context.output(0).shape.rank());
}

std::vector<AxisRule> Axes(const OpContext& context, int out_axis) {
  const int axis = AxisOf(context);
  if (out_axis == axis) return {};
  const int own = out_axis - (out_axis > axis ? 1 : 0);
  return std::vector<AxisRule>(static_cast<size_t>(context.num_inputs()),
                               AxisRule::Same(own, context.input(0).shape[own]));
}

JoinPlan Plan(const OpContext& context) {
  const Shape& out = context.output(0).shape;
  JoinPlan plan;
  plan.axis = AxisOf(context);
  for (int k = 0; k < context.num_inputs(); ++k) {
    JoinPart part{k, {k, k + 1}, {}};
    for (int axis = 0; axis < out.rank(); ++axis) {
      part.plan.axes.push_back(axis == plan.axis ? MoveRepeat(out[axis])
                                                 : MoveSame(axis - (axis > plan.axis ? 1 : 0), out[axis]));
    }
    plan.parts.push_back(std::move(part));
  }
  return plan;
}

Status Reference(const OpContext& context, std::span<const ConstTensorView> inputs,
                 std::span<const TensorView> outputs) {
  SL_TRY(CheckMovable(context));
  return JoinReference(Plan(context), inputs, outputs);
}

Result<std::unique_ptr<Kernel>> Prepare(const OpContext& context, const PrepareOptions&) {
  SL_TRY(CheckMovable(context));
  return MakeJoinKernel(Plan(context));
}

}  // namespace

extern const OpDef pack_op;
const OpDef pack_op{
    .name = "PACK",
    .tflite_code = 83,
    .min_inputs = 1,
    .max_inputs = OpDef::kVariadic,
    .read = Read,
    .infer = Infer,
    .axes = Axes,
    .reference = Reference,
    .prepare = Prepare,
};

}  // namespace safelight
