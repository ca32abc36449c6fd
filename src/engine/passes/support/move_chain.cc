// SPDX-License-Identifier: Apache-2.0
#include "engine/passes/support/move_chain.h"

#include <utility>

namespace safelight {

MoveChain::MoveChain(const Shape& in) : in_(in), axes_(static_cast<size_t>(in.rank())) {
  for (int axis = 0; axis < in.rank(); ++axis) {
    if (in[axis] > 1) axes_[axis].push_back({in[axis], in.Product(axis + 1, in.rank())});
  }
}

void MoveChain::Transpose(std::span<const int64_t> perm) {
  std::vector<Axis> moved;
  for (int64_t axis : perm) moved.push_back(axes_[static_cast<size_t>(axis)]);
  axes_ = std::move(moved);
}

bool MoveChain::Reshape(const Shape& shape) {
  Axis parts;
  for (const Axis& axis : axes_) {
    for (const Part& part : axis) Append(&parts, part);
  }
  std::vector<Axis> axes(static_cast<size_t>(shape.rank()));
  size_t next = 0;
  for (int axis = 0; axis < shape.rank(); ++axis) {
    for (int64_t rest = shape[axis]; rest > 1;) {
      Part& part = parts[next];
      if (rest % part.size == 0) {
        axes[axis].push_back(part);
        rest /= part.size;
        ++next;
      } else if (part.size % rest == 0) {
        // The outer share of the part; its inner share is the next axis'.
        part.size /= rest;
        axes[axis].push_back({rest, part.stride * part.size});
        rest = 1;
      } else {
        return false;
      }
    }
  }
  axes_ = std::move(axes);
  return true;
}

void MoveChain::Append(Axis* axis, Part part) {
  if (!axis->empty() && axis->back().stride == part.stride * part.size) {
    axis->back() = {axis->back().size * part.size, part.stride};
  } else {
    axis->push_back(part);
  }
}

std::vector<MoveChain::Axis> MoveChain::Joined() const {
  std::vector<Axis> joined(axes_.size());
  for (size_t i = 0; i < axes_.size(); ++i) {
    for (const Part& part : axes_[i]) Append(&joined[i], part);
  }
  return joined;
}

bool MoveChain::KeepsOrder() const {
  Axis all;
  for (const Axis& axis : axes_) {
    for (const Part& part : axis) Append(&all, part);
  }
  return all.size() <= 1;
}

std::optional<std::vector<int64_t>> MoveChain::AsTranspose() const {
  if (static_cast<int>(axes_.size()) != in_.rank()) return std::nullopt;
  std::vector<bool> used(axes_.size(), false);
  std::vector<int64_t> perm;
  for (const Axis& axis : Joined()) {
    // The first free axis of the input with this size and stride; those of one index are alike.
    int64_t found = -1;
    for (int in = 0; in < in_.rank() && found < 0; ++in) {
      if (used[in]) continue;
      const Part whole{in_[in], in_.Product(in + 1, in_.rank())};
      if (axis.empty() ? whole.size == 1 : axis.size() == 1 && axis[0] == whole) found = in;
    }
    if (found < 0) return std::nullopt;
    used[static_cast<size_t>(found)] = true;
    perm.push_back(found);
  }
  return perm;
}

Shape MoveChain::out() const {
  Shape shape;
  for (const Axis& axis : axes_) {
    int64_t size = 1;
    for (const Part& part : axis) size *= part.size;
    shape.push_back(size);
  }
  return shape;
}

}  // namespace safelight
