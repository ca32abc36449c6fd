// SPDX-License-Identifier: Apache-2.0
#include "ops/support/pad.h"

namespace safelight {
namespace {

constexpr int64_t kMaxPad = int64_t{1} << 24;

}  // namespace

Result<PadSizes> ReadPads(const OpContext& context) {
  SL_ASSIGN(const std::vector<int64_t> pads, context.ConstInts(1));
  const int rank = context.input(0).shape.rank();
  if (static_cast<int>(pads.size()) != 2 * rank) {
    return InvalidArgument(pads.size(), " paddings for a value of rank ", rank, ", must be two per axis");
  }
  PadSizes sizes{};
  for (int axis = 0; axis < rank; ++axis) {
    sizes.before[axis] = pads[2 * axis];
    sizes.after[axis] = pads[2 * axis + 1];
    for (int64_t pad : {pads[2 * axis], pads[2 * axis + 1]}) {
      if (pad < 0 || pad > kMaxPad)
        return InvalidArgument("padding ", pad, " of axis ", axis, ", must be 0 to ", kMaxPad);
    }
  }
  return sizes;
}

Status InferPad(InferContext& context) {
  SL_ASSIGN(const PadSizes pads, ReadPads(context));
  Shape shape = context.input(0).shape;
  for (int axis = 0; axis < shape.rank(); ++axis) shape[axis] += pads.before[axis] + pads.after[axis];
  if (context.has_input(2) &&
      (context.input(2).dtype != context.input(0).dtype || context.input(2).shape.elements() != 1)) {
    return InvalidArgument("the value to pad with must be one ", DTypeName(context.input(0).dtype));
  }
  context.SetOutput(0, context.input(0).dtype, shape);
  return {};
}

Result<MovePlan> PadPlan(const OpContext& context) {
  SL_ASSIGN(const PadSizes pads, ReadPads(context));
  const Shape& in = context.input(0).shape;
  MovePlan plan;
  for (int axis = 0; axis < in.rank(); ++axis) {
    MoveAxis move = MoveTable(axis, -pads.before[axis], in[axis] + pads.before[axis] + pads.after[axis]);
    for (Move& step : move.moves) {
      if (step.at < 0 || step.at >= in[axis]) step.at = Move::kFill;
    }
    plan.axes.push_back(std::move(move));
  }
  return plan;
}

}  // namespace safelight
