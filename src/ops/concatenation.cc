// SPDX-License-Identifier: Apache-2.0
//
// CONCATENATION: the inputs one after another along an axis.
#include "ops/support/join.h"

namespace safelight {
namespace {

struct Attrs : OpAttrs {
  int64_t axis = 0;
};

Result<std::shared_ptr<const OpAttrs>> Read(const AttrReader& reader) {
  auto attrs = std::make_shared<Attrs>();
  attrs->axis = reader.Int(0, 0);
  if (reader.Int(1, 0) != 0) return Unsupported("a fused activation, must be none");
  return std::shared_ptr<const OpAttrs>(std::move(attrs));
}

Status Infer(InferContext& context) {
  Shape shape = context.input(0).shape;
  SL_ASSIGN(const int axis, NormalizeAxis(context.attrs<Attrs>().axis, shape.rank()));
  for (int k = 1; k < context.num_inputs(); ++k) {
    const Value& value = context.input(k);
    Shape other = value.shape;
    if (value.dtype != context.input(0).dtype || other.rank() != shape.rank()) {
      return InvalidArgument("input ", k, " is ", DTypeName(value.dtype), " ", other.ToString(), ", input 0 is ",
                             DTypeName(context.input(0).dtype), " ", context.input(0).shape.ToString());
    }
    const int64_t size = other[axis];
    other[axis] = shape[axis];
    if (!(other == shape)) {
      return InvalidArgument("input ", k, " has shape ", value.shape.ToString(), ", input 0 ",
                             context.input(0).shape.ToString(), "; they may differ along axis ", axis, " only");
    }
    shape[axis] += size;
  }
  context.SetOutput(0, context.input(0).dtype, shape);
  return {};
}

std::vector<AxisRule> Axes(const OpContext& context, int out_axis) {
  const int axis = *NormalizeAxis(context.attrs<Attrs>().axis, context.output(0).shape.rank());
  std::vector<AxisRule> rules;
  int64_t begin = 0;
  for (int k = 0; k < context.num_inputs(); ++k) {
    const int64_t size = context.input(k).shape[out_axis];
    rules.push_back(out_axis == axis ? AxisRule::Window(axis, size, 1, -begin, 1) : AxisRule::Same(out_axis, size));
    begin += size;
  }
  return rules;
}

JoinPlan Plan(const OpContext& context) {
  const Shape& out = context.output(0).shape;
  JoinPlan plan;
  plan.axis = *NormalizeAxis(context.attrs<Attrs>().axis, out.rank());
  int64_t begin = 0;
  for (int k = 0; k < context.num_inputs(); ++k) {
    const Shape& in = context.input(k).shape;
    JoinPart part{k, {begin, begin + in[plan.axis]}, {}};
    for (int axis = 0; axis < out.rank(); ++axis) {
      // Indices outside the part's range are never looked at.
      part.plan.axes.push_back(MoveSlice(axis, axis == plan.axis ? -begin : 0, 1, out[axis]));
    }
    begin = part.range.end;
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

extern const OpDef concatenation_op;
const OpDef concatenation_op{
    .name = "CONCATENATION",
    .tflite_code = 2,
    .min_inputs = 1,
    .max_inputs = OpDef::kVariadic,
    .read = Read,
    .infer = Infer,
    .axes = Axes,
    .reference = Reference,
    .prepare = Prepare,
};

}  // namespace safelight
