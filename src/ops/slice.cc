// SPDX-License-Identifier: Apache-2.0
//
// SLICE: size[d] indices from begin[d] on along every axis; size -1 means all that follow.
#include "ops/support/movement.h"

namespace safelight {
namespace {

struct Cut {
  std::vector<int64_t> begin, size;
};

Result<Cut> CutOf(const OpContext& context) {
  const Shape& in = context.input(0).shape;
  Cut cut;
  SL_ASSIGN(cut.begin, context.ConstInts(1));
  SL_ASSIGN(cut.size, context.ConstInts(2));
  if (static_cast<int>(cut.begin.size()) != in.rank() || static_cast<int>(cut.size.size()) != in.rank()) {
    return InvalidArgument("begin of ", cut.begin.size(), " and size of ", cut.size.size(), " numbers for rank ",
                           in.rank());
  }
  for (int axis = 0; axis < in.rank(); ++axis) {
    int64_t& size = cut.size[axis];
    if (size == -1) size = in[axis] - cut.begin[axis];
    if (cut.begin[axis] < 0 || size < 0 || cut.begin[axis] > in[axis] || size > in[axis] - cut.begin[axis]) {
      return InvalidArgument("axis ", axis, ": ", size, " from ", cut.begin[axis], " on, its size is ", in[axis]);
    }
  }
  return cut;
}

Status Infer(InferContext& context) {
  SL_ASSIGN(const Cut cut, CutOf(context));
  context.SetOutput(0, context.input(0).dtype, Shape(cut.size));
  return {};
}

Result<MovePlan> Plan(const OpContext& context) {
  SL_ASSIGN(const Cut cut, CutOf(context));
  MovePlan plan;
  for (size_t axis = 0; axis < cut.size.size(); ++axis) {
    plan.axes.push_back(MoveSlice(static_cast<int>(axis), cut.begin[axis], 1, cut.size[axis]));
  }
  return plan;
}

// What reached to a fixed distance from the end still does.
Result<std::vector<int64_t>> Rescale(const OpContext& before, const OpContext& after, int) {
  SL_ASSIGN(std::vector<int64_t> size, before.ConstInts(2));
  const Shape &old_in = before.input(0).shape, &new_in = after.input(0).shape;
  for (int axis = 0; axis < old_in.rank() && axis < static_cast<int>(size.size()); ++axis) {
    if (size[axis] != -1 && old_in[axis] != new_in[axis]) size[axis] += new_in[axis] - old_in[axis];
  }
  return size;
}

constexpr OpDef MakeOp() {
  OpDef op = MoveOpDef<Plan>("SLICE", 65, 3, 3, Infer);
  op.shape_inputs = 4;
  op.rescale = Rescale;
  return op;
}

}  // namespace

extern const OpDef slice_op;
const OpDef slice_op = MakeOp();

}  // namespace safelight
