// SPDX-License-Identifier: Apache-2.0
//
// Reshapes that stream: when the strides of both shapes divide each other in a chain, no sum of coordinates carries
// over, and every output index has its own share of the place in the input.
#include <algorithm>
#include <cstring>
#include <functional>
#include <vector>

#include "ops/support/movement.h"

namespace safelight {
namespace {

// Plans hold one entry per index of every axis.
constexpr int64_t kMaxTable = int64_t{1} << 22;

std::vector<int64_t> StridesOf(const Shape& shape) {
  std::vector<int64_t> strides(static_cast<size_t>(shape.rank()));
  int64_t stride = 1;
  for (int axis = shape.rank() - 1; axis >= 0; --axis) {
    strides[axis] = stride;
    stride *= shape[axis];
  }
  return strides;
}

bool DividesInAChain(std::vector<int64_t> strides) {
  std::sort(strides.begin(), strides.end(), std::greater<>());
  for (size_t i = 1; i < strides.size(); ++i) {
    if (strides[i] == 0 || strides[i - 1] % strides[i] != 0) return false;
  }
  return true;
}

// The usual axes need no table: an axis that stays, a stretch of one that is split, and two that are merged. `size` and
// `stride` are those of the output's axis.
bool SetForm(const Shape& in, const std::vector<int64_t>& in_strides, int64_t size, int64_t stride, MoveAxis* move) {
  if (move->axis == kNone) {
    *move = MoveRepeat(size);
    return true;
  }
  const int64_t in_stride = in_strides[move->axis];
  if (move->more_axis != kNone) {
    if (in_strides[move->more_axis] != stride || in_stride != stride * in[move->more_axis]) return false;
    *move = MoveBlocks(move->axis, in[move->more_axis], move->more_axis, 1, size);
    return true;
  }
  if (in_stride <= stride) {
    *move = MoveSlice(move->axis, 0, stride / in_stride, size);
    return (size - 1) * (stride / in_stride) < in[move->axis];
  }
  *move = MoveBlocks(move->axis, in_stride / stride, kNone, 0, size);
  return (size - 1) / move->block < in[move->axis];
}

class WholeCopyKernel : public Kernel {
 public:
  Status Run(const KernelArgs& args) const override {
    const Window& out = args.outputs[0];
    std::memcpy(out.data, args.inputs[0].data, static_cast<size_t>(TensorBytes(out.dtype, out.shape)));
    return {};
  }
};

}  // namespace

Result<MovePlan> ReshapePlan(const Shape& in, const Shape& out) {
  const std::vector<int64_t> in_strides = StridesOf(in), out_strides = StridesOf(out);
  std::vector<int64_t> all = in_strides;
  all.insert(all.end(), out_strides.begin(), out_strides.end());
  if (in.elements() == 0 || !DividesInAChain(all)) return Unsupported("no plan by rows");
  MovePlan plan;
  for (int axis = 0; axis < out.rank(); ++axis) {
    MoveAxis move;
    // The input axes that an index of this axis reaches: those whose strides lie within its span.
    for (int a = 0; a < in.rank(); ++a) {
      const int64_t span = out_strides[axis] * out[axis];
      if (in[a] == 1 || out[axis] == 1 || in_strides[a] >= span || in_strides[a] * in[a] <= out_strides[axis]) continue;
      if (move.axis == kNone) {
        move.axis = a;
      } else if (move.more_axis == kNone) {
        move.more_axis = a;
      } else {
        return Unsupported("no plan by rows");
      }
    }
    if (SetForm(in, in_strides, out[axis], out_strides[axis], &move)) {
      plan.axes.push_back(std::move(move));
      continue;
    }
    if (out[axis] > kMaxTable) return Unsupported("no plan by rows");
    move.moves.resize(static_cast<size_t>(out[axis]));
    for (int64_t i = 0; i < out[axis]; ++i) {
      const int64_t linear = i * out_strides[axis];
      if (move.axis != kNone) move.moves[i].at = linear / in_strides[move.axis] % in[move.axis];
      if (move.more_axis != kNone) move.moves[i].more_at = linear / in_strides[move.more_axis] % in[move.more_axis];
    }
    plan.axes.push_back(std::move(move));
  }
  return plan;
}

Status ReshapeReference(const OpContext& context, std::span<const ConstTensorView> inputs,
                        std::span<const TensorView> outputs) {
  SL_TRY(CheckMovable(context));
  const size_t size = outputs[0].size_bytes();
  if (size > 0) std::memcpy(outputs[0].data, inputs[0].data, size);
  return {};
}

std::vector<AxisRule> ReshapeAxes(const OpContext& context, int out_axis) {
  const Result<MovePlan> plan = ReshapePlan(context.input(0).shape, context.output(0).shape);
  if (!plan.ok()) return {};
  std::vector<AxisRule> rules(static_cast<size_t>(context.num_inputs()), AxisRule::All());
  rules[0] = MoveRule(*plan, out_axis, context.input(0).shape);
  return rules;
}

Result<std::unique_ptr<Kernel>> PrepareReshape(const OpContext& context, const PrepareOptions&) {
  SL_TRY(CheckMovable(context));
  Result<MovePlan> plan = ReshapePlan(context.input(0).shape, context.output(0).shape);
  if (!plan.ok()) return std::unique_ptr<Kernel>(std::make_unique<WholeCopyKernel>());
  return MakeMoveKernel(std::move(plan).value());
}

}  // namespace safelight
