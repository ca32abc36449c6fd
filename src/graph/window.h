// SPDX-License-Identifier: Apache-2.0
//
// Rows on demand: the rule that says what is needed, and the window through which a kernel
// sees a value of which only some rows and columns exist.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/status.h"
#include "tensor/tensor.h"

namespace safelight {

// Indices [begin, end) of an axis.
struct Range {
  int64_t begin = 0;
  int64_t end = 0;
  int64_t size() const { return end - begin; }
  bool empty() const { return end <= begin; }
  bool operator==(const Range&) const = default;
};
// The smallest range that holds both; an empty one does not count.
Range Hull(Range a, Range b);

// Which indices of one axis of an input are needed for indices [a, b) of an axis of the output.
//
// Either by a formula: index y needs [floor((y * stride + offset) / divide),
// floor((y * stride + offset + extent - 1) / divide)], or by a table with one range per
// index. Both are cut to the input's axis. An empty range means nothing is needed (padding).
// With a grid, whole cells of it are made: [a, b) stands for [grid * floor(a / grid), grid * ceil(b / grid)).
class AxisRule {
 public:
  // All of the input, whatever is asked for.
  static AxisRule All() { return AxisRule(); }
  // Index y from index y.
  static AxisRule Same(int in_axis, int64_t in_size) { return Window(in_axis, in_size, 1, 0, 1); }
  // Index y from [y * stride + offset, y * stride + offset + extent).
  static AxisRule Window(int in_axis, int64_t in_size, int64_t stride, int64_t offset, int64_t extent) {
    return Divided(in_axis, in_size, stride, offset, extent, 1);
  }
  static AxisRule Divided(int in_axis, int64_t in_size, int64_t stride, int64_t offset, int64_t extent, int64_t divide);
  // As Divided, for an op that makes its output in whole cells of a grid.
  static AxisRule Gridded(int in_axis, int64_t in_size, int64_t stride, int64_t offset, int64_t extent, int64_t grid,
                          int64_t divide = 1);
  // Index y from table[y].
  static AxisRule Table(int in_axis, int64_t in_size, std::vector<Range> table);
  // Index 0, always: the input is broadcast along this axis.
  static AxisRule Broadcast(int in_axis) { return Window(in_axis, 1, 0, 0, 1); }

  // The input's axis; kNone when all of the input is needed.
  int in_axis() const { return in_axis_; }
  bool needs_all() const { return in_axis_ < 0; }
  // Index y from index y and no other.
  bool is_same() const { return table_ == nullptr && stride_ == 1 && offset_ == 0 && extent_ == 1 && divide_ == 1; }
  Range Need(Range out) const;
  // No index of the output from `from` on needs one below this; in_size when none needs any.
  int64_t LowestNeed(int64_t from) const;
  // The rule in words, for listings: "y*2-1..+3", "table", "all".
  std::string ToString() const;

 private:
  int in_axis_ = -1;
  int64_t in_size_ = 0, stride_ = 0, offset_ = 0, extent_ = 0, divide_ = 1, grid_ = 1;
  std::shared_ptr<const std::vector<Range>> table_;
  // suffix_lowest_[y]: the lowest index that any of table[y...] needs.
  std::shared_ptr<const std::vector<int64_t>> suffix_lowest_;
};

// A value as a kernel sees it: a row-major tensor of which, along `row_axis`, a ring of
// rows exists (row y in slot y modulo ring_rows), and along `col_axis` the columns from
// col_begin on. Whole values are the special case of a ring as tall as the value.
// All coordinates are those of the whole value.
struct Window {
  std::byte* data = nullptr;
  DType dtype = DType::kFloat32;
  Shape shape;  // of the whole value
  int row_axis = -1;
  int col_axis = -1;
  int64_t ring_rows = 1;
  int64_t col_begin = 0;
  int64_t strides[Shape::kMaxRank] = {};  // in elements

  // Offset in elements of `index` along `axis`; the sum over all axes is an element's place.
  int64_t Offset(int axis, int64_t index) const {
    if (axis == row_axis) index %= ring_rows;
    if (axis == col_axis) index -= col_begin;
    return index * strides[axis];
  }
  template <typename T>
  T* at(int64_t offset) const {
    return reinterpret_cast<T*>(data) + offset;
  }
  // Element (n, y, x, 0) of an n h w c value.
  template <typename T>
  T* Pixel(int64_t n, int64_t y, int64_t x) const {
    return at<T>(Offset(0, n) + Offset(1, y) + Offset(2, x));
  }
};
// A window on all of a row-major tensor.
Window WholeWindow(DType dtype, const Shape& shape, void* data);

// The part of an output to make: a range for every axis.
struct Box {
  Range axis[Shape::kMaxRank];
};
// All of `shape`.
Box WholeBox(const Shape& shape);

struct KernelArgs {
  std::span<const Window> inputs;  // data is null where an optional input is left out
  std::span<const Window> outputs;
  Box box;             // of outputs[0]; other outputs have the same ranges along the split axes
  std::byte* scratch;  // scratch_bytes() of this thread's own, 64-byte aligned
};

// A node made ready to run: weights packed, loops chosen. Immutable, shared by threads.
// Run makes exactly the box. The rows it may read of each input are those of the op's `axes`.
// The bits of an output element depend on nothing but its coordinates and the inputs:
// not on the box, the ring, or the columns at hand.
class Kernel {
 public:
  virtual ~Kernel() = default;
  virtual size_t scratch_bytes() const { return 0; }
  virtual Status Run(const KernelArgs& args) const = 0;
};

// The kernel on whole tensors, as references run that are their kernel.
Status RunWhole(const Kernel& kernel, std::span<const ConstTensorView> inputs, std::span<const TensorView> outputs);

}  // namespace safelight
