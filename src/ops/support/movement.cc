// SPDX-License-Identifier: Apache-2.0
#include "ops/support/movement.h"

#include <algorithm>
#include <cstring>

#include "kernels/copy_runs.h"
#include "ops/support/reduce_walk.h"

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
      // A single index only says where the run is.
      if (range.size() == 1 && move.At(range.begin).at != Move::kFill) {
        --first_;
        continue;
      }
      if (out_.strides[axis] != run_ || axis == out_.row_axis || move.axis == kNone || move.more_axis != kNone) break;
      if (in_.strides[move.axis] != run_ || move.axis == in_.row_axis || !Consecutive(move, range)) break;
      --first_;
      run_ *= range.size();
    }
  }

  static bool Consecutive(const MoveAxis& move, Range range) {
    if (move.moves.empty()) return move.block == 0 && move.stride == 1;
    for (int64_t i = range.begin; i < range.end; ++i) {
      if (move.moves[i].at == Move::kFill) return false;
      if (i > range.begin && move.moves[i].at != move.moves[i - 1].at + 1) return false;
    }
    return true;
  }

  void Walk(int axis, int64_t out, bool fill) {
    if (axis == first_) return Copy(out, fill);
    if (axis + 1 == first_ && !fill && CopyAxis(axis, out)) return;
    const MoveAxis& move = plan_.axes[axis];
    for (int64_t i = box_.axis[axis].begin; i < box_.axis[axis].end; ++i) {
      const Move step = move.At(i);
      const bool filled = fill || step.at == Move::kFill;
      Add(move, step, filled, 1);
      Walk(axis + 1, out + out_.Offset(axis, i), filled);
      Add(move, step, filled, -1);
    }
  }

  // All runs along the axis before them, many at a time. False where rings of the input stand in the way.
  bool CopyAxis(int axis, int64_t out) {
    const MoveAxis& move = plan_.axes[axis];
    const bool blocks = move.moves.empty() && move.block > 0;
    if (move.more_axis != kNone && move.more_axis == in_.row_axis) return false;
    AddRun(&out, 1);
    if (move.axis != kNone && move.axis == in_.row_axis && !blocks && !RisesEvenly(move, box_.axis[axis])) {
      AddRun(nullptr, -1);
      return false;
    }
    for (Range range = box_.axis[axis]; !range.empty();) {
      // Up to where a ring of the output begins anew.
      int64_t count = range.size();
      if (axis == out_.row_axis) count = std::min(count, out_.ring_rows - range.begin % out_.ring_rows);
      std::byte* to = out_.data + (out + out_.Offset(axis, range.begin)) * element_bytes();
      const Range part{range.begin, range.begin + count};
      if (blocks) {
        CopyBlocks(move, part, to, out_.strides[axis]);
      } else {
        CopyTable(move, part, to, out_.strides[axis]);
      }
      range.begin += count;
    }
    AddRun(nullptr, -1);
    return true;
  }

  // Even steps forward, within which the ring of the input does not turn over.
  bool RisesEvenly(const MoveAxis& move, Range range) const {
    if (!move.moves.empty() || move.stride < 1 || range.empty()) return false;
    const int64_t from = place_[move.axis];  // by other axes
    return IsEven(in_, move.axis, {from + move.At(range.begin).at, from + move.At(range.end - 1).at + 1});
  }

  // Indices that lead to i / block: a whole number of blocks at once where each is one run.
  void CopyBlocks(const MoveAxis& move, Range range, std::byte* to, int64_t to_stride) {
    const int64_t step = move.more_axis == kNone ? 0 : move.more_stride * in_.strides[move.more_axis];
    const bool joined = step == run_ && to_stride == run_;
    while (!range.empty()) {
      const Move at = move.At(range.begin);
      int64_t count = std::min(range.size(), move.block - range.begin % move.block), blocks = 1;
      if (joined && count == move.block && move.axis != in_.row_axis) blocks = range.size() / move.block;
      Add(move, at, false, 1);
      const std::byte* from = in_.data + InputOffset() * element_bytes();
      Add(move, at, false, -1);
      const size_t bytes = static_cast<size_t>(run_) * element_bytes_;
      if (joined) {
        kernels::CopyRuns(from, in_.strides[move.axis] * element_bytes(), to, count * run_ * element_bytes(),
                          static_cast<size_t>(count) * bytes, blocks);
      } else {
        kernels::CopyRuns(from, step * element_bytes(), to, to_stride * element_bytes(), bytes, count);
      }
      to += count * blocks * to_stride * element_bytes();
      range.begin += count * blocks;
    }
  }

  // Stretches of indices whose places lie evenly.
  void CopyTable(const MoveAxis& move, Range range, std::byte* to, int64_t to_stride) {
    const size_t bytes = static_cast<size_t>(run_) * element_bytes_;
    const int64_t stride = move.axis == kNone ? 0 : in_.strides[move.axis];
    const int64_t more = move.more_axis == kNone ? 0 : in_.strides[move.more_axis];
    // In a ring only the distances from the first place count.
    const Move begin = move.At(range.begin);
    const bool ring = move.axis != kNone && move.axis == in_.row_axis;
    if (ring) place_[move.axis] += begin.at;
    const std::byte* const base = in_.data + (InputOffset() - (ring ? begin.at * stride : 0)) * element_bytes();
    if (ring) place_[move.axis] -= begin.at;
    for (int64_t i = range.begin; i < range.end;) {
      const Move first = move.At(i);
      int64_t end = i + 1;
      if (!move.moves.empty() && first.at == Move::kFill) {
        while (end < range.end && move.At(end).at == Move::kFill) ++end;
        for (int64_t k = 0; k < end - i; ++k) Fill(to + k * to_stride * element_bytes(), run_);
      } else {
        const auto place = [&](const Move& at) { return at.at * stride + at.more_at * more; };
        int64_t step = 0;
        if (move.moves.empty()) {
          step = move.stride * stride;
          end = range.end;
        } else if (end < range.end && move.moves[end].at != Move::kFill) {
          step = place(move.moves[end]) - place(first);
          for (++end; end < range.end && move.moves[end].at != Move::kFill; ++end) {
            if (place(move.moves[end]) - place(move.moves[end - 1]) != step) break;
          }
        }
        kernels::CopyRuns(base + place(first) * element_bytes(), step * element_bytes(), to,
                          to_stride * element_bytes(), bytes, end - i);
      }
      to += (end - i) * to_stride * element_bytes();
      i = end;
    }
  }

  // Goes to the first element of the run in the input (sign 1), and in the output if asked, and back.
  void AddRun(int64_t* out, int sign) {
    for (int axis = first_; axis < out_.shape.rank(); ++axis) {
      if (out != nullptr) *out += out_.Offset(axis, box_.axis[axis].begin);
      Add(plan_.axes[axis], plan_.axes[axis].At(box_.axis[axis].begin), false, sign);
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
    if (fill) {
      for (int axis = first_; axis < out_.shape.rank(); ++axis) out += out_.Offset(axis, box_.axis[axis].begin);
      Fill(out_.data + out * element_bytes(), run_);
      return;
    }
    AddRun(&out, 1);
    std::memcpy(out_.data + out * element_bytes(), in_.data + InputOffset() * element_bytes(),
                static_cast<size_t>(run_) * element_bytes_);
    AddRun(nullptr, -1);
  }

  int64_t element_bytes() const { return static_cast<int64_t>(element_bytes_); }

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
