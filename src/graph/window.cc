// SPDX-License-Identifier: Apache-2.0
#include "graph/window.h"

namespace safelight {
namespace {

int64_t FloorDiv(int64_t a, int64_t b) { return a / b - (a % b != 0 && (a < 0) != (b < 0)); }

}  // namespace

Range Hull(Range a, Range b) {
  if (a.empty()) return b;
  if (b.empty()) return a;
  return {std::min(a.begin, b.begin), std::max(a.end, b.end)};
}

AxisRule AxisRule::Divided(int in_axis, int64_t in_size, int64_t stride, int64_t offset, int64_t extent,
                           int64_t divide) {
  AxisRule rule;
  rule.in_axis_ = in_axis;
  rule.in_size_ = in_size;
  rule.stride_ = stride;
  rule.offset_ = offset;
  rule.extent_ = extent;
  rule.divide_ = divide;
  return rule;
}

AxisRule AxisRule::Gridded(int in_axis, int64_t in_size, int64_t stride, int64_t offset, int64_t extent, int64_t grid,
                           int64_t divide) {
  AxisRule rule = Divided(in_axis, in_size, stride, offset, extent, divide);
  rule.grid_ = grid;
  return rule;
}

AxisRule AxisRule::Table(int in_axis, int64_t in_size, std::vector<Range> table) {
  AxisRule rule;
  rule.in_axis_ = in_axis;
  rule.in_size_ = in_size;
  std::vector<int64_t> lowest(table.size());
  int64_t running = in_size;
  for (size_t y = table.size(); y-- > 0;) {
    if (!table[y].empty()) running = std::min(running, std::max<int64_t>(table[y].begin, 0));
    lowest[y] = running;
  }
  rule.suffix_lowest_ = std::make_shared<const std::vector<int64_t>>(std::move(lowest));
  rule.table_ = std::make_shared<const std::vector<Range>>(std::move(table));
  return rule;
}

Range AxisRule::Need(Range out) const {
  if (out.empty()) return {};
  Range need;
  if (grid_ > 1) out = {out.begin / grid_ * grid_, (out.end + grid_ - 1) / grid_ * grid_};
  if (table_ != nullptr) {
    for (int64_t y = out.begin; y < out.end; ++y) need = Hull(need, (*table_)[y]);
  } else {
    need.begin = FloorDiv(out.begin * stride_ + offset_, divide_);
    need.end = FloorDiv((out.end - 1) * stride_ + offset_ + extent_ - 1, divide_) + 1;
  }
  need.begin = std::max<int64_t>(need.begin, 0);
  need.end = std::min(need.end, in_size_);
  return need.empty() ? Range{} : need;
}

int64_t AxisRule::LowestNeed(int64_t from) const {
  if (table_ != nullptr) {
    return from < static_cast<int64_t>(table_->size()) ? (*suffix_lowest_)[from] : in_size_;
  }
  // The formula never decreases, so the first index decides.
  from = from / grid_ * grid_;
  return std::clamp<int64_t>(FloorDiv(from * stride_ + offset_, divide_), 0, in_size_);
}

std::string AxisRule::ToString() const {
  if (in_axis_ < 0) return "all";
  if (table_ != nullptr) return "table";
  std::string text = stride_ == 0 ? "" : "y";
  if (stride_ > 1) text += "*" + std::to_string(stride_);
  if (offset_ != 0 || text.empty()) text += (offset_ > 0 && !text.empty() ? "+" : "") + std::to_string(offset_);
  if (divide_ > 1) text = "(" + text + ")/" + std::to_string(divide_);
  if (grid_ > 1) text += " in " + std::to_string(grid_) + "s";
  if (extent_ != 1) text += " .. +" + std::to_string(extent_);
  return text;
}

Window WholeWindow(DType dtype, const Shape& shape, void* data) {
  Window window;
  window.data = static_cast<std::byte*>(data);
  window.dtype = dtype;
  window.shape = shape;
  int64_t stride = 1;
  for (int axis = shape.rank() - 1; axis >= 0; --axis) {
    window.strides[axis] = stride;
    stride *= shape[axis];
  }
  return window;
}

Box WholeBox(const Shape& shape) {
  Box box;
  for (int axis = 0; axis < shape.rank(); ++axis) box.axis[axis] = {0, shape[axis]};
  return box;
}

Status RunWhole(const Kernel& kernel, std::span<const ConstTensorView> inputs, std::span<const TensorView> outputs) {
  std::vector<Window> in, out;
  for (const ConstTensorView& view : inputs) {
    in.push_back(WholeWindow(view.dtype, view.shape, const_cast<void*>(view.data)));
  }
  for (const TensorView& view : outputs) out.push_back(WholeWindow(view.dtype, view.shape, view.data));
  AlignedBuffer scratch(kernel.scratch_bytes());
  return kernel.Run({in, out, WholeBox(out[0].shape), scratch.data()});
}

}  // namespace safelight
