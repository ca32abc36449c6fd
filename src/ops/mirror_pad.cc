// SPDX-License-Identifier: Apache-2.0
//
// MIRROR_PAD: a border that mirrors the value, with (SYMMETRIC) or without (REFLECT) its outermost index.
#include "ops/support/pad.h"

namespace safelight {
namespace {

struct Attrs : OpAttrs {
  int64_t skip = 1;  // 1: the outermost index is not repeated
};

Result<std::shared_ptr<const OpAttrs>> Read(const AttrReader& reader) {
  auto attrs = std::make_shared<Attrs>();
  const int64_t mode = reader.Int(0, 0);
  if (mode != 0 && mode != 1) return InvalidArgument("mode ", mode, ", must be 0 (REFLECT) or 1 (SYMMETRIC)");
  attrs->skip = mode == 0 ? 1 : 0;
  return std::shared_ptr<const OpAttrs>(std::move(attrs));
}

Status Infer(InferContext& context) {
  SL_ASSIGN(const PadSizes pads, ReadPads(context));
  const Shape& in = context.input(0).shape;
  const int64_t skip = context.attrs<Attrs>().skip;
  for (int axis = 0; axis < in.rank(); ++axis) {
    if (pads.before[axis] > in[axis] - skip || pads.after[axis] > in[axis] - skip) {
      return InvalidArgument("paddings ", pads.before[axis], " and ", pads.after[axis], " of axis ", axis,
                             " mirror more than its size ", in[axis]);
    }
  }
  return InferPad(context);
}

Result<MovePlan> Plan(const OpContext& context) {
  SL_ASSIGN(const PadSizes pads, ReadPads(context));
  const Shape& in = context.input(0).shape;
  const int64_t skip = context.attrs<Attrs>().skip;
  MovePlan plan;
  for (int axis = 0; axis < in.rank(); ++axis) {
    MoveAxis move = MoveTable(axis, -pads.before[axis], in[axis] + pads.before[axis] + pads.after[axis]);
    for (Move& step : move.moves) {
      if (step.at < 0) step.at = -step.at - 1 + skip;
      if (step.at >= in[axis]) step.at = 2 * in[axis] - 1 - skip - step.at;
    }
    plan.axes.push_back(std::move(move));
  }
  return plan;
}

}  // namespace

extern const OpDef mirror_pad_op;
const OpDef mirror_pad_op = MoveOpDef<Plan>("MIRROR_PAD", 100, 2, 2, Infer, Read);

}  // namespace safelight
