// SPDX-License-Identifier: Apache-2.0
//
// BROADCAST_TO: axes of size 1, and axes that are missing at the front, repeated to the given shape.
#include "ops/support/movement.h"

namespace safelight {
namespace {

Status Infer(InferContext& context) {
  SL_ASSIGN(const std::vector<int64_t> sizes, context.ConstInts(1));
  const Shape& in = context.input(0).shape;
  if (sizes.size() > Shape::kMaxRank || static_cast<int>(sizes.size()) < in.rank()) {
    return InvalidArgument("a shape of rank ", sizes.size(), " for a value of rank ", in.rank());
  }
  const Shape out(sizes);
  const int shift = out.rank() - in.rank();
  for (int axis = 0; axis < out.rank(); ++axis) {
    if (out[axis] < 0 || (axis >= shift && in[axis - shift] != 1 && in[axis - shift] != out[axis])) {
      return InvalidArgument("shape ", in.ToString(), " cannot be broadcast to ", out.ToString());
    }
  }
  context.SetOutput(0, context.input(0).dtype, out);
  return {};
}

Result<MovePlan> Plan(const OpContext& context) {
  const Shape &in = context.input(0).shape, &out = context.output(0).shape;
  const int shift = out.rank() - in.rank();
  MovePlan plan;
  for (int axis = 0; axis < out.rank(); ++axis) {
    const bool own = axis >= shift && in[axis - shift] == out[axis];
    plan.axes.push_back(own ? MoveSame(axis - shift, out[axis]) : MoveRepeat(out[axis]));
  }
  return plan;
}

// Sizes equal to the picture's own follow it.
Result<std::vector<int64_t>> Rescale(const OpContext& before, const OpContext& after, int) {
  SL_ASSIGN(std::vector<int64_t> sizes, before.ConstInts(1));
  const Shape& old_picture = before.graph().values[before.graph().inputs[0]].shape;
  const Shape& new_picture = after.graph().values[after.graph().inputs[0]].shape;
  if (static_cast<int>(sizes.size()) != old_picture.rank()) return sizes;
  for (int axis = 0; axis < old_picture.rank(); ++axis) {
    if (sizes[axis] == old_picture[axis]) sizes[axis] = new_picture[axis];
  }
  return sizes;
}

constexpr OpDef MakeOp() {
  OpDef op = MoveOpDef<Plan>("BROADCAST_TO", 130, 2, 2, Infer);
  op.shape_inputs = 2;
  op.rescale = Rescale;
  return op;
}

}  // namespace

extern const OpDef broadcast_to_op;
const OpDef broadcast_to_op = MakeOp();

}  // namespace safelight
