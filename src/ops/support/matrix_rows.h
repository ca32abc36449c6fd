// SPDX-License-Identifier: Apache-2.0
//
// The walk of FULLY_CONNECTED: rows of `k` values, which are the trailing axes of the input, times a matrix, to rows of
// `n` results. What the product is, float or integer, is left to the kernel that derives from this.
#pragma once

#include <algorithm>

#include "graph/op_def.h"
#include "ops/support/reduce_walk.h"

namespace safelight {

class MatrixRowsKernel : public Kernel {
 public:
  // `leading`: how many axes of the input stand before those of a row; kNone where rows begin inside an axis. The
  // output has the same leading axes (`keeps_axes`), or one in their place.
  MatrixRowsKernel(int64_t n, int64_t k, int leading, bool keeps_axes)
      : n_(n), k_(k), leading_(leading), keeps_axes_(keeps_axes) {}

  Status Run(const KernelArgs& args) const override {
    const Window& out = args.outputs[0];
    const Range channels = args.box.axis[out.shape.rank() - 1];
    if (channels.begin != 0 || channels.end != n_) return Internal("FULLY_CONNECTED makes all channels at once");
    if (n_ == 0) return {};
    if (!keeps_axes_) {
      RunFlat(args);
      return {};
    }
    const int axis = leading_ - 1;  // along which rows of k stand in one product
    if (axis < 0) {                 // one row without leading axes
      Product(args, 0, 0, 0, 0, 1);
      return {};
    }
    ForEachIndex(args.box.axis, axis, [&](const int64_t* index) {
      const int64_t in_base = OffsetOf(args.inputs[0], index, axis), out_base = OffsetOf(out, index, axis);
      RunStretch(args, axis, args.box.axis[axis], in_base, axis, args.box.axis[axis].begin, out_base);
    });
    return {};
  }

 protected:
  // `rows` rows from element `in` on, `in_stride` elements apart, to element `out` and on, `out_stride` apart; the
  // offsets of the input's trailing axes and the output's last are not yet in them.
  virtual void Product(const KernelArgs& args, int64_t in, int64_t in_stride, int64_t out, int64_t out_stride,
                       int64_t rows) const = 0;

  bool RowsLieInOnePiece(const Window& in) const {
    if (leading_ == kNone) return true;
    int64_t stride = 1;
    for (int axis = in.shape.rank() - 1; axis >= leading_; --axis) {
      if (in.shape[axis] == 1) continue;
      if (in.strides[axis] != stride || !IsEven(in, axis, {0, in.shape[axis]})) return false;
      stride *= in.shape[axis];
    }
    return true;
  }

  // The elements of a row that begins at `base`, one after another.
  template <typename F>
  void ForEachOfRow(const Window& from, int64_t base, F f) const {
    Range ranges[Shape::kMaxRank];
    const int count = from.shape.rank() - leading_;
    for (int i = 0; i < count; ++i) ranges[i] = {0, from.shape[leading_ + i]};
    ForEachIndex(ranges, count, [&](const int64_t* index) {
      int64_t offset = base;  // counts index 0 of these axes already
      for (int i = 0; i < count; ++i) offset += from.Offset(leading_ + i, index[i]) - from.Offset(leading_ + i, 0);
      f(offset);
    });
  }

  const int64_t n_, k_;
  const int leading_;

 private:
  // Rows of the input along `in_axis`, to as many along `out_axis` from `out_begin` on.
  void RunStretch(const KernelArgs& args, int in_axis, Range range, int64_t in_base, int out_axis, int64_t out_begin,
                  int64_t out_base) const {
    const Window& in = args.inputs[0];
    const Window& out = args.outputs[0];
    const int64_t shift = out_begin - range.begin;
    for (int64_t y = range.begin; y < range.end;) {
      const int64_t rows =
          std::min(EvenSteps(in, in_axis, y, range.end), EvenSteps(out, out_axis, y + shift, range.end + shift));
      Product(args, in_base + in.Offset(in_axis, y), in.strides[in_axis], out_base + out.Offset(out_axis, y + shift),
              out.strides[out_axis], rows);
      y += rows;
    }
  }

  // The output's axis 0 stands for all leading axes of the input.
  void RunFlat(const KernelArgs& args) const {
    const Shape& shape = args.inputs[0].shape;
    const Range box = args.box.axis[0];
    if (leading_ <= 0) {  // not split, so the input is whole
      Product(args, box.begin * k_, k_, args.outputs[0].Offset(0, box.begin), n_, box.size());
      return;
    }
    const int axis = leading_ - 1;
    for (int64_t b = box.begin; b < box.end;) {
      int64_t base = 0, rest = b / shape[axis];
      for (int a = axis - 1; a >= 0; --a) {
        base += args.inputs[0].Offset(a, rest % shape[a]);
        rest /= shape[a];
      }
      const int64_t x = b % shape[axis];
      const int64_t rows = std::min(box.end - b, shape[axis] - x);
      RunStretch(args, axis, {x, x + rows}, base, 0, b, 0);
      b += rows;
    }
  }

  const bool keeps_axes_;
};

}  // namespace safelight
