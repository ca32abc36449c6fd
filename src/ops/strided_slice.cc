// SPDX-License-Identifier: Apache-2.0
//
// STRIDED_SLICE: begin:end:stride along every axis, with the five masks of TensorFlow's slicing.
#include <algorithm>

#include "ops/support/movement.h"

namespace safelight {
namespace {

struct Attrs : OpAttrs {
  int64_t begin_mask = 0, end_mask = 0, ellipsis_mask = 0, new_axis_mask = 0, shrink_axis_mask = 0;
  bool offset = false;  // end counts from begin
};

Result<std::shared_ptr<const OpAttrs>> Read(const AttrReader& reader) {
  auto attrs = std::make_shared<Attrs>();
  attrs->begin_mask = reader.Int(0, 0);
  attrs->end_mask = reader.Int(1, 0);
  attrs->ellipsis_mask = reader.Int(2, 0);
  attrs->new_axis_mask = reader.Int(3, 0);
  attrs->shrink_axis_mask = reader.Int(4, 0);
  attrs->offset = reader.Bool(5, false);
  return std::shared_ptr<const OpAttrs>(std::move(attrs));
}

// What one output axis, or one input axis that vanishes, is.
struct Piece {
  int axis = kNone;  // of the input; kNone for a new axis
  int64_t begin = 0, stride = 1, count = 1;
  bool shrink = false;
};

bool Bit(int64_t mask, size_t i) { return (mask >> i & 1) != 0; }

// begin:end:stride along an axis of `size`, as Python slices.
Result<Piece> CutAxis(int axis, int64_t size, int64_t begin, int64_t end, int64_t stride, bool open_begin,
                      bool open_end, bool shrink) {
  if (stride == 0) return InvalidArgument("stride 0 of axis ", axis);
  Piece piece{axis, 0, stride, 1, shrink};
  const int64_t lowest = stride > 0 ? 0 : -1, highest = stride > 0 ? size : size - 1;
  const auto place = [&](int64_t at) { return std::clamp(at < 0 ? at + size : at, lowest, highest); };
  if (shrink) {
    const int64_t at = begin < 0 ? begin + size : begin;
    if (at < 0 || at >= size) return InvalidArgument("index ", begin, " of axis ", axis, ", its size is ", size);
    piece.begin = at;
    piece.stride = 1;
    return piece;
  }
  piece.begin = open_begin ? (stride > 0 ? 0 : size - 1) : place(begin);
  const int64_t stop = open_end ? (stride > 0 ? size : -1) : place(end);
  const int64_t span = stride > 0 ? stop - piece.begin : piece.begin - stop;
  const int64_t step = stride > 0 ? stride : -stride;
  piece.count = span > 0 ? (span + step - 1) / step : 0;
  return piece;
}

Result<std::vector<Piece>> PiecesOf(const OpContext& context) {
  const Attrs& attrs = context.attrs<Attrs>();
  const Shape& in = context.input(0).shape;
  SL_ASSIGN(const std::vector<int64_t> begin, context.ConstInts(1));
  SL_ASSIGN(const std::vector<int64_t> end, context.ConstInts(2));
  SL_ASSIGN(const std::vector<int64_t> stride, context.ConstInts(3));
  if (begin.size() != end.size() || begin.size() != stride.size() || begin.size() > 32) {
    return InvalidArgument("begin, end and strides of ", begin.size(), ", ", end.size(), " and ", stride.size(),
                           " numbers");
  }
  int used = 0;
  for (size_t i = 0; i < begin.size(); ++i) {
    if (!Bit(attrs.new_axis_mask, i) && !Bit(attrs.ellipsis_mask, i)) ++used;
  }
  if (used > in.rank()) return InvalidArgument(used, " axes are sliced, the value has rank ", in.rank());
  std::vector<Piece> pieces;
  int axis = 0;
  for (size_t i = 0; i < begin.size(); ++i) {
    if (Bit(attrs.ellipsis_mask, i)) {
      for (int skip = in.rank() - used; skip > 0; --skip, ++axis) pieces.push_back({axis, 0, 1, in[axis], false});
      continue;
    }
    if (Bit(attrs.new_axis_mask, i)) {
      pieces.push_back({});
      continue;
    }
    if (axis >= in.rank()) return InvalidArgument("more axes are sliced than the value has");
    const int64_t stop = attrs.offset ? begin[i] + end[i] : end[i];
    SL_ASSIGN(const Piece piece, CutAxis(axis, in[axis], begin[i], stop, stride[i], Bit(attrs.begin_mask, i),
                                         Bit(attrs.end_mask, i), Bit(attrs.shrink_axis_mask, i)));
    pieces.push_back(piece);
    ++axis;
  }
  for (; axis < in.rank(); ++axis) pieces.push_back({axis, 0, 1, in[axis], false});
  return pieces;
}

Status Infer(InferContext& context) {
  SL_ASSIGN(const std::vector<Piece> pieces, PiecesOf(context));
  Shape out;
  for (const Piece& piece : pieces) {
    if (piece.shrink) continue;
    if (out.rank() == Shape::kMaxRank) return Unsupported("more than ", Shape::kMaxRank, " axes");
    out.push_back(piece.count);
  }
  context.SetOutput(0, context.input(0).dtype, out);
  return {};
}

Result<MovePlan> Plan(const OpContext& context) {
  SL_ASSIGN(const std::vector<Piece> pieces, PiecesOf(context));
  MovePlan plan;
  for (const Piece& piece : pieces) {
    if (piece.shrink) {
      plan.base[piece.axis] = piece.begin;
    } else if (piece.axis == kNone) {
      plan.axes.push_back(MoveRepeat(1));
    } else {
      plan.axes.push_back(MoveSlice(piece.axis, piece.begin, piece.stride, piece.count));
    }
  }
  return plan;
}

// An end inside the old picture keeps its distance from the old end; negative and open ends follow by themselves.
Result<std::vector<int64_t>> Rescale(const OpContext& before, const OpContext& after, int) {
  const Attrs& attrs = before.attrs<Attrs>();
  SL_ASSIGN(std::vector<int64_t> end, before.ConstInts(2));
  if (attrs.ellipsis_mask != 0 || attrs.new_axis_mask != 0 || attrs.offset) return end;
  const Shape &old_in = before.input(0).shape, &new_in = after.input(0).shape;
  for (size_t i = 0; i < end.size() && static_cast<int>(i) < old_in.rank(); ++i) {
    const int axis = static_cast<int>(i);
    if (old_in[axis] == new_in[axis] || end[i] < 0 || Bit(attrs.end_mask, i) || Bit(attrs.shrink_axis_mask, i))
      continue;
    end[i] += new_in[axis] - old_in[axis];
  }
  return end;
}

constexpr OpDef MakeOp() {
  OpDef op = MoveOpDef<Plan>("STRIDED_SLICE", 45, 4, 4, Infer, Read);
  op.shape_inputs = 4;
  op.rescale = Rescale;
  return op;
}

}  // namespace

extern const OpDef strided_slice_op;
const OpDef strided_slice_op = MakeOp();

}  // namespace safelight
