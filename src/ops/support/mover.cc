// SPDX-License-Identifier: Apache-2.0
//
// The loops behind MovePlan: as many elements at once as lie next to each other, or at even steps, on both sides.
#include <algorithm>
#include <cstring>

#include "kernels/copy_runs.h"
#include "kernels/transpose.h"
#include "ops/support/movement.h"
#include "ops/support/reduce_walk.h"

namespace safelight {
namespace {

// Walks the box axis by axis; the last axes are copied as runs of neighbouring elements.
class Mover {
 public:
  Mover(const MovePlan& plan, const Window& in, const Window& out, const Box& box, const std::byte* fill)
      : plan_(plan), in_(in), out_(out), box_(box), fill_(fill), element_bytes_(DTypeSize(out.dtype)) {
    FindRun();
    FindTile();
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

  // Where the last axis walks far apart in the input, and another one walks where the input's elements are neighbours,
  // both are copied together.
  void FindTile() {
    const int last = first_ - 1;
    if (element_bytes_ != sizeof(uint32_t) || run_ != 1 || last < 1 || out_.strides[last] != 1) return;
    if (!IsSlice(plan_.axes[last]) || box_.axis[last].size() < kSmallestTile) return;
    for (int axis = 0; axis < last; ++axis) {
      const MoveAxis& move = plan_.axes[axis];
      if (!IsSlice(move) || move.stride != 1 || box_.axis[axis].size() < kSmallestTile) continue;
      if (in_.strides[move.axis] != 1) continue;
      tile_ = axis;
      return;
    }
  }
  static bool IsSlice(const MoveAxis& move) {
    return move.axis != kNone && move.more_axis == kNone && move.moves.empty() && move.block == 0 && move.stride >= 1;
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
    if (axis == tile_) return Walk(axis + 1, out, fill);
    if (axis + 1 == first_ && tile_ != kNone) return CopyTile(axis, out, fill);
    if (axis + 1 == first_ && !fill && CopyAxis(axis, out)) return;
    Loop(axis, out, fill);
  }

  void Loop(int axis, int64_t out, bool fill) {
    const MoveAxis& move = plan_.axes[axis];
    for (int64_t i = box_.axis[axis].begin; i < box_.axis[axis].end; ++i) {
      const Move step = move.At(i);
      const bool filled = fill || step.at == Move::kFill;
      Add(move, step, filled, 1);
      Walk(axis + 1, out + out_.Offset(axis, i), filled);
      Add(move, step, filled, -1);
    }
  }

  // All of axes `tile_` and `axis`, the last.
  void CopyTile(int axis, int64_t out, bool fill) {
    const MoveAxis &rows = plan_.axes[tile_], &columns = plan_.axes[axis];
    const Range a = box_.axis[tile_], b = box_.axis[axis];
    AddRun(nullptr, 1);
    const bool even =
        !fill && RisesEvenly(rows, a) && RisesEvenly(columns, b) && IsEven(out_, tile_, a) && IsEven(out_, axis, b);
    Add(rows, rows.At(a.begin), false, 1);
    Add(columns, columns.At(b.begin), false, 1);
    const uint32_t* const from = in_.at<uint32_t>(InputOffset());
    Add(rows, rows.At(a.begin), false, -1);
    Add(columns, columns.At(b.begin), false, -1);
    AddRun(nullptr, -1);
    if (even) {
      int64_t to = out + out_.Offset(tile_, a.begin) + out_.Offset(axis, b.begin);
      for (int one = first_; one < out_.shape.rank(); ++one) to += out_.Offset(one, box_.axis[one].begin);
      kernels::Transpose(from, columns.stride * in_.strides[columns.axis], out_.at<uint32_t>(to), out_.strides[tile_],
                         a.size(), b.size());
      return;
    }
    for (int64_t i = a.begin; i < a.end; ++i) {
      Add(rows, rows.At(i), fill, 1);
      const int64_t at = out + out_.Offset(tile_, i);
      if (fill || !CopyAxis(axis, at)) Loop(axis, at, fill);
      Add(rows, rows.At(i), fill, -1);
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
    if (move.axis != in_.row_axis) return true;
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

  static constexpr int64_t kSmallestTile = 4;

  const MovePlan& plan_;
  const Window &in_, &out_;
  const Box& box_;
  const std::byte* fill_;
  const size_t element_bytes_;
  int first_ = 0;
  int64_t run_ = 1;
  int tile_ = kNone;  // an axis that is copied together with the last
  int64_t place_[Shape::kMaxRank];
};

}  // namespace

void RunMoves(const MovePlan& plan, const Window& in, const Window& out, const Box& box, const std::byte* fill) {
  Mover(plan, in, out, box, fill).Run();
}

}  // namespace safelight
