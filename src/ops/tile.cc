// SPDX-License-Identifier: Apache-2.0
//
// TILE: the value repeated multiples[d] times along every axis.
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

}  // namespace

extern const OpDef tile_op;
const OpDef tile_op = MoveOpDef<Plan>("TILE", 69, 2, 2, Infer);

}  // namespace safelight
