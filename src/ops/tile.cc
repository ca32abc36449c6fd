// SPDX-License-Identifier: Apache-2.0
//
// TILE: the value repeated multiples[d] times along every axis. The multiples must be known before the run: the size
// that they make has no bound, and all memory is taken before.
#include "ops/support/movement.h"

namespace safelight {
namespace {

Status Infer(InferContext& context) {
  SL_ASSIGN(const std::vector<int64_t> multiples, context.ConstInts(1));
  Shape shape = context.input(0).shape;
  if (static_cast<int>(multiples.size()) != shape.rank()) {
    return InvalidArgument(multiples.size(), " multiples for a value of rank ", shape.rank());
  }
  for (int axis = 0; axis < shape.rank(); ++axis) {
    if (multiples[axis] < 0 || __builtin_mul_overflow(shape[axis], multiples[axis], &shape[axis])) {
      return InvalidArgument("multiple ", multiples[axis], " of axis ", axis);
    }
  }
  context.SetOutput(0, context.input(0).dtype, shape);
  return {};
}

Result<MovePlan> Plan(const OpContext& context) {
  const Shape &in = context.input(0).shape, &out = context.output(0).shape;
  MovePlan plan;
  for (int axis = 0; axis < out.rank(); ++axis) {
    MoveAxis move = MoveTable(axis, 0, out[axis]);
    for (Move& step : move.moves) step.at %= in[axis];
    plan.axes.push_back(std::move(move));
  }
  return plan;
}

// A single index repeated is a plane being filled; anything else is a pattern, whose repetitions stay.
Result<std::vector<int64_t>> Rescale(const OpContext& before, const OpContext& after, int) {
  SL_ASSIGN(std::vector<int64_t> multiples, before.ConstInts(1));
  const Shape& in = before.input(0).shape;
  for (int axis = 0; axis < in.rank() && axis < static_cast<int>(multiples.size()); ++axis) {
    if (in[axis] == 1) multiples[axis] = ScaleWithPicture(before, after, in.rank(), axis, multiples[axis]);
  }
  return multiples;
}

constexpr OpDef MakeOp() {
  OpDef op = MoveOpDef<Plan>("TILE", 69, 2, 2, Infer);
  op.shape_inputs = 2;
  op.rescale = Rescale;
  return op;
}

}  // namespace

extern const OpDef tile_op;
const OpDef tile_op = MakeOp();

}  // namespace safelight
