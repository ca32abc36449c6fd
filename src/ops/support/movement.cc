// SPDX-License-Identifier: Apache-2.0
#include "ops/support/movement.h"

#include <algorithm>
#include <cstring>

namespace safelight {
namespace {

// Walks the box axis by axis; the last axes are copied as runs of neighbouring elements.
class Mover {
 public:
  Mover(const MovePlan& plan, const Window& in, const Window& out, const Box& box, const std::byte* fill)
      : plan_(plan), in_(in), out_(out), box_(box), fill_(fill), element_bytes_(DTypeSize(out.dtype)) {
    FindRun();
  }

  void Run() {
    std::copy_n(plan_.base, Shape::kMaxRank, place_);
    Walk(0, 0, false);
  }

 private:
  // The trailing axes whose elements lie next to each other in both windows, in the same order.
  void FindRun() {
    const int rank = out_.shape.rank();
    first_ = rank;
    run_ = 1;
    while (first_ > 0) {
      const int axis = first_ - 1;
      const Range range = box_.axis[axis];
      const MoveAxis& move = plan_.axes[axis];
      if (out_.strides[axis] != run_ || axis == out_.row_axis || move.axis == kNone || move.more_axis != kNone) break;
      if (in_.strides[move.axis] != run_ || move.axis == in_.row_axis || !Consecutive(move, range)) break;
      --first_;
      run_ *= range.size();
    }
  }

  static bool Consecutive(const MoveAxis& move, Range range) {
    if (move.moves.empty()) return move.stride == 1;
    for (int64_t i = range.begin; i < range.end; ++i) {
      if (move.moves[i].at == Move::kFill) return false;
      if (i > range.begin && move.moves[i].at != move.moves[i - 1].at + 1) return false;
    }
    return true;
  }

  void Walk(int axis, int64_t out, bool fill) {
    if (axis == first_) return Copy(out, fill);
    // The innermost axis that is no run, without padding or shuffles: a plain strided loop.
    if (axis + 1 == first_ && first_ == out_.shape.rank() && !fill) return CopyStrided(axis, out);
    const MoveAxis& move = plan_.axes[axis];
    for (int64_t i = box_.axis[axis].begin; i < box_.axis[axis].end; ++i) {
      const Move step = move.At(i);
      const bool filled = fill || step.at == Move::kFill;
      Add(move, step, filled, 1);
      Walk(axis + 1, out + out_.Offset(axis, i), filled);
      Add(move, step, filled, -1);
    }
  }

  void Add(const MoveAxis& move, const Move& step, bool filled, int sign) {
    if (filled && step.at == Move::kFill) return;
    if (move.axis != kNone) place_[move.axis] += sign * step.at;
    if (move.more_axis != kNone) place_[move.more_axis] += sign * step.more_at;
  }

  int64_t InputOffset() const {
    int64_t offset = 0;
    for (int axis = 0; axis < in_.shape.rank(); ++axis) offset += in_.Offset(axis, place_[axis]);
    return offset;
  }

  void Copy(int64_t out, bool fill) {
    for (int axis = first_; axis < out_.shape.rank(); ++axis) {
      out += out_.Offset(axis, box_.axis[axis].begin);
      if (!fill) place_[plan_.axes[axis].axis] += plan_.axes[axis].At(box_.axis[axis].begin).at;
    }
    std::byte* to = out_.data + static_cast<size_t>(out) * element_bytes_;
    if (fill) {
      Fill(to, run_);
      return;
    }
    std::memcpy(to, in_.data + static_cast<size_t>(InputOffset()) * element_bytes_,
                static_cast<size_t>(run_) * element_bytes_);
    for (int axis = first_; axis < out_.shape.rank(); ++axis) {
      place_[plan_.axes[axis].axis] -= plan_.axes[axis].At(box_.axis[axis].begin).at;
    }
  }

  void CopyStrided(int axis, int64_t out) {
    const MoveAxis& move = plan_.axes[axis];
    for (int64_t i = box_.axis[axis].begin; i < box_.axis[axis].end; ++i) {
      const Move step = move.At(i);
      std::byte* to = out_.data + static_cast<size_t>(out + out_.Offset(axis, i)) * element_bytes_;
      if (step.at == Move::kFill) {
        Fill(to, 1);
        continue;
      }
      Add(move, step, false, 1);
      const std::byte* from = in_.data + static_cast<size_t>(InputOffset()) * element_bytes_;
      Add(move, step, false, -1);
      std::memcpy(to, from, element_bytes_);
    }
  }

  void Fill(std::byte* to, int64_t count) const {
    if (fill_ == nullptr) {
      std::memset(to, 0, static_cast<size_t>(count) * element_bytes_);
      return;
    }
    for (int64_t i = 0; i < count; ++i)
      std::memcpy(to + static_cast<size_t>(i) * element_bytes_, fill_, element_bytes_);
  }

  const MovePlan& plan_;
  const Window &in_, &out_;
  const Box& box_;
  const std::byte* fill_;
  const size_t element_bytes_;
  int first_ = 0;
  int64_t run_ = 1;
  int64_t place_[Shape::kMaxRank];
};

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
  if (move.moves.empty() && move.axis == axis && move.count > 0) {
    most = std::max({most, move.begin, move.begin + (move.count - 1) * move.stride});
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

void RunMoves(const MovePlan& plan, const Window& in, const Window& out, const Box& box, const std::byte* fill) {
  Mover(plan, in, out, box, fill).Run();
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
