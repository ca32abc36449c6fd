// SPDX-License-Identifier: Apache-2.0
//
// UNPACK: the slices of a value along an axis, which the outputs lose.
#include "ops/support/join.h"

namespace safelight {
namespace {

struct Attrs : OpAttrs {
  int64_t axis = 0;
};

Result<std::shared_ptr<const OpAttrs>> Read(const AttrReader& reader) {
  auto attrs = std::make_shared<Attrs>();
  attrs->axis = reader.Int(1, 0);
  return std::shared_ptr<const OpAttrs>(std::move(attrs));
}

Status Infer(InferContext& context) {
  const Shape& in = context.input(0).shape;
  SL_ASSIGN(const int axis, NormalizeAxis(context.attrs<Attrs>().axis, in.rank()));
  if (in[axis] != context.num_outputs()) {
    return InvalidArgument("axis ", axis, " has size ", in[axis], ", the node has ", context.num_outputs(), " outputs");
  }
  Shape out;
  for (int i = 0; i < in.rank(); ++i) {
    if (i != axis) out.push_back(in[i]);
  }
  for (int k = 0; k < context.num_outputs(); ++k) context.SetOutput(k, context.input(0).dtype, out);
  return {};
}

int AxisOf(const OpContext& context) {
  return *NormalizeAxis(context.attrs<Attrs>().axis, context.input(0).shape.rank());
}

std::vector<AxisRule> Axes(const OpContext& context, int out_axis) {
  const int own = out_axis + (out_axis >= AxisOf(context) ? 1 : 0);
  return {AxisRule::Same(own, context.input(0).shape[own])};
}

CutPlan Plan(const OpContext& context) {
  const int axis = AxisOf(context);
  CutPlan plan;
  for (int k = 0; k < context.num_outputs(); ++k) {
    const Shape& out = context.output(k).shape;
    MovePlan part;
    part.base[axis] = k;
    for (int a = 0; a < out.rank(); ++a) part.axes.push_back(MoveSame(a + (a >= axis ? 1 : 0), out[a]));
    plan.plans.push_back(std::move(part));
  }
  return plan;
}

Result<std::unique_ptr<Kernel>> Prepare(const OpContext& context, const PrepareOptions&) {
  SL_TRY(CheckMovable(context));
  return MakeCutKernel(Plan(context));
}

Status Reference(const OpContext& context, std::span<const ConstTensorView> inputs,
                 std::span<const TensorView> outputs) {
  SL_TRY(CheckMovable(context));
  return CutReference(Plan(context), inputs, outputs);
}

}  // namespace

extern const OpDef unpack_op;
const OpDef unpack_op{
    .name = "UNPACK",
    .tflite_code = 88,
    .outputs = OpDef::kVariadic,
    .read = Read,
    .infer = Infer,
    .axes = Axes,
    .reference = Reference,
    .prepare = Prepare,
};

}  // namespace safelight
