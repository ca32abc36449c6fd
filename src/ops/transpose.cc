// SPDX-License-Identifier: Apache-2.0
//
// TRANSPOSE: output axis d is input axis perm[d].
#include "ops/support/movement.h"

namespace safelight {
namespace {

Status Infer(InferContext& context) {
  const Shape& in = context.input(0).shape;
  SL_ASSIGN(const std::vector<int64_t> perm, context.ConstInts(1));
  if (static_cast<int>(perm.size()) != in.rank()) {
    return InvalidArgument("a permutation of ", perm.size(), " axes for a value of rank ", in.rank());
  }
  bool seen[Shape::kMaxRank] = {};
  Shape out;
  for (int64_t listed : perm) {
    SL_ASSIGN(const int axis, NormalizeAxis(listed, in.rank()));
    if (seen[axis]) return InvalidArgument("axis ", listed, " stands twice in the permutation");
    seen[axis] = true;
    out.push_back(in[axis]);
  }
  context.SetOutput(0, context.input(0).dtype, out);
  return {};
}

Result<MovePlan> Plan(const OpContext& context) {
  SL_ASSIGN(const std::vector<int64_t> perm, context.ConstInts(1));
  const Shape& in = context.input(0).shape;
  MovePlan plan;
  for (int64_t listed : perm) {
    SL_ASSIGN(const int axis, NormalizeAxis(listed, in.rank()));
    plan.axes.push_back(MoveSame(axis, in[axis]));
  }
  return plan;
}

}  // namespace

extern const OpDef transpose_op;
const OpDef transpose_op = MoveOpDef<Plan>("TRANSPOSE", 39, 2, 2, Infer);

}  // namespace safelight
