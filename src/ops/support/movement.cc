// SPDX-License-Identifier: Apache-2.0
#include "ops/support/movement.h"

#include <algorithm>

namespace safelight {
namespace {

class MoveKernel : public Kernel {
 public:
  MoveKernel(MovePlan plan, int fill_input) : plan_(std::move(plan)), fill_input_(fill_input) {}
  Status Run(const KernelArgs& args) const override {
    const bool filled = fill_input_ >= 0 && fill_input_ < static_cast<int>(args.inputs.size());
    RunMoves(plan_, args.inputs[0], args.outputs[0], args.box, filled ? args.inputs[fill_input_].data : nullptr);
    return {};
  }

 private:
  const MovePlan plan_;
  const int fill_input_;
};

}  // namespace

MoveAxis MoveSame(int axis, int64_t size) { return MoveSlice(axis, 0, 1, size); }

MoveAxis MoveSlice(int axis, int64_t begin, int64_t stride, int64_t count) {
  return {axis, kNone, {}, begin, stride, count};
}

MoveAxis MoveBlocks(int axis, int64_t block, int more_axis, int64_t more_stride, int64_t count) {
  return {axis, more_axis, {}, 0, 0, count, block, more_stride};
}

MoveAxis MoveTable(int axis, int64_t begin, int64_t count) {
  MoveAxis move{axis, kNone, {}};
  move.moves.reserve(static_cast<size_t>(count));
  for (int64_t i = 0; i < count; ++i) move.moves.push_back({begin + i, 0});
  return move;
}

MoveAxis MoveRepeat(int64_t count) { return {kNone, kNone, {}, 0, 0, count}; }

namespace {

// The most that any index of `move` adds to the place along `axis` of the input.
int64_t MostAlong(const MoveAxis& move, int axis) {
  int64_t most = 0;
  if (move.moves.empty() && move.count > 0) {
    if (move.axis == axis) most = std::max(move.At(0).at, move.At(move.count - 1).at);
    if (move.more_axis == axis) most = (std::min(move.block, move.count) - 1) * move.more_stride;
  }
  for (const Move& step : move.moves) {
    if (move.axis == axis) most = std::max(most, step.at);
    if (move.more_axis == axis) most = std::max(most, step.more_at);
  }
  return most;
}

}  // namespace

AxisRule MoveRule(const MovePlan& plan, int out_axis, const Shape& in) {
  const MoveAxis& axis = plan.axes[out_axis];
  if (axis.axis == kNone) return AxisRule::All();
  // Several output axes may lead to one input axis (a merge undone); the others add at most `rest`.
  int64_t rest = 0;
  for (size_t other = 0; other < plan.axes.size(); ++other) {
    if (static_cast<int>(other) != out_axis) rest += MostAlong(plan.axes[other], axis.axis);
  }
  if (axis.moves.empty() && axis.block > 0) {
    return AxisRule::Divided(axis.axis, in[axis.axis], 1, 0, rest * axis.block + 1, axis.block);
  }
  if (axis.moves.empty() && axis.stride > 0) {
    return AxisRule::Window(axis.axis, in[axis.axis], axis.stride, axis.begin, rest + 1);
  }
  const int64_t count = axis.moves.empty() ? axis.count : static_cast<int64_t>(axis.moves.size());
  std::vector<Range> table;
  table.reserve(static_cast<size_t>(count));
  for (int64_t i = 0; i < count; ++i) {
    const Move move = axis.At(i);
    table.push_back(move.at == Move::kFill ? Range{} : Range{move.at, move.at + rest + 1});
  }
  // The common case keeps its formula, which listings can show.
  bool shifted = !table.empty() && rest == 0;
  for (size_t i = 1; i < table.size() && shifted; ++i)
    shifted = table[i].begin == table[i - 1].begin + 1 && !table[i].empty();
  if (shifted && !table[0].empty()) return AxisRule::Window(axis.axis, in[axis.axis], 1, table[0].begin, 1);
  return AxisRule::Table(axis.axis, in[axis.axis], std::move(table));
}

std::unique_ptr<Kernel> MakeMoveKernel(MovePlan plan, int fill_input) {
  return std::make_unique<MoveKernel>(std::move(plan), fill_input);
}

std::vector<AxisRule> MoveAxes(MovePlanFunction make, const OpContext& context, int out_axis) {
  Result<MovePlan> plan = make(context);
  if (!plan.ok()) return {};
  std::vector<AxisRule> rules(static_cast<size_t>(context.num_inputs()), AxisRule::All());
  rules[0] = MoveRule(*plan, out_axis, context.input(0).shape);
  return rules;
}

Status MoveReference(MovePlanFunction make, int fill_input, const OpContext& context,
                     std::span<const ConstTensorView> inputs, std::span<const TensorView> outputs) {
  SL_TRY(CheckMovable(context));
  SL_ASSIGN(const MovePlan plan, make(context));
  const Window in = WholeWindow(inputs[0].dtype, inputs[0].shape, const_cast<void*>(inputs[0].data));
  const Window out = WholeWindow(outputs[0].dtype, outputs[0].shape, outputs[0].data);
  if (out.shape.elements() == 0) return {};
  const bool filled = fill_input >= 0 && fill_input < static_cast<int>(inputs.size());
  RunMoves(plan, in, out, WholeBox(out.shape),
           filled ? static_cast<const std::byte*>(inputs[fill_input].data) : nullptr);
  return {};
}

Result<std::unique_ptr<Kernel>> PrepareMove(MovePlanFunction make, int fill_input, const OpContext& context) {
  SL_TRY(CheckMovable(context));
  SL_ASSIGN(MovePlan plan, make(context));
  return MakeMoveKernel(std::move(plan), fill_input);
}

int64_t ScaleWithPicture(const OpContext& before, const OpContext& after, int rank, int axis, int64_t size) {
  const Graph &old_graph = before.graph(), &new_graph = after.graph();
  if (old_graph.inputs.empty()) return size;
  const Shape& old_picture = old_graph.values[old_graph.inputs[0]].shape;
  const Shape& new_picture = new_graph.values[new_graph.inputs[0]].shape;
  if (rank != old_picture.rank() || size <= 1 || old_picture[axis] <= 1) return size;
  if (size * new_picture[axis] % old_picture[axis] != 0) return size;
  return size * new_picture[axis] / old_picture[axis];
}

Status CheckMovable(const OpContext& context) {
  if (DTypeSize(context.output(0).dtype) > 0) return {};
  return Unsupported("elements of type ", DTypeName(context.output(0).dtype));
}

Result<int> NormalizeAxis(int64_t axis, int rank) {
  if (axis < -rank || axis >= rank) return InvalidArgument("axis ", axis, " of a value of rank ", rank);
  return static_cast<int>(axis < 0 ? axis + rank : axis);
}

}  // namespace safelight
