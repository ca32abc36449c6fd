// SPDX-License-Identifier: Apache-2.0
//
// REVERSE_V2: the listed axes in reverse order.
#include "ops/support/movement.h"

namespace safelight {
namespace {

Result<MovePlan> Plan(const OpContext& context) {
  SL_ASSIGN(const std::vector<int64_t> listed, context.ConstInts(1));
  const Shape& in = context.input(0).shape;
  bool reversed[Shape::kMaxRank] = {};
  for (int64_t axis : listed) {
    SL_ASSIGN(const int normal, NormalizeAxis(axis, in.rank()));
    reversed[normal] = true;
  }
  MovePlan plan;
  for (int axis = 0; axis < in.rank(); ++axis) {
    plan.axes.push_back(reversed[axis] ? MoveSlice(axis, in[axis] - 1, -1, in[axis]) : MoveSame(axis, in[axis]));
  }
  return plan;
}

Status Infer(InferContext& context) {
  SL_ASSIGN(const std::vector<int64_t> listed, context.ConstInts(1));
  for (int64_t axis : listed) SL_TRY(NormalizeAxis(axis, context.input(0).shape.rank()).status());
  context.SetOutput(0, context.input(0).dtype, context.input(0).shape);
  return {};
}

}  // namespace

extern const OpDef reverse_v2_op;
const OpDef reverse_v2_op = MoveOpDef<Plan>("REVERSE_V2", 105, 2, 2, Infer);

}  // namespace safelight
