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

Result<std::vector<int64_t>> Rescale(const OpContext& before, const OpContext& after, int) {
  SL_ASSIGN(std::vector<int64_t> sizes, before.ConstInts(1));
  const int rank = static_cast<int>(sizes.size());
  for (int axis = 0; axis < rank; ++axis) sizes[axis] = ScaleWithPicture(before, after, rank, axis, sizes[axis]);
  return sizes;
}

constexpr OpDef MakeOp() {
  OpDef op = MoveOpDef<Plan>("BROADCAST_TO", 130, 2, 2, Infer);
  op.shape_inputs = 2;
  op.rescale = Rescale;
  op.size_follows_join = true;
  return op;
}

}  // namespace

extern const OpDef broadcast_to_op;
const OpDef broadcast_to_op = MakeOp();

}  // namespace safelight
