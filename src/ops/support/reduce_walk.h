// SPDX-License-Identifier: Apache-2.0
//
// Walking through boxes and windows: every combination of indices, and stretches along one axis that lie at
// even steps in memory (a ring turns over at its height, so rows are followed only that far).
#pragma once

#include <algorithm>

#include "graph/window.h"

namespace safelight {

// True where the range's elements along `axis` lie at even steps: the ring does not turn over inside.
inline bool IsEven(const Window& window, int axis, Range range) {
  return axis != window.row_axis || range.begin % window.ring_rows + range.size() <= window.ring_rows;
}

// How many indices from `begin` on, at most to `end`, lie at even steps along `axis`.
inline int64_t EvenSteps(const Window& window, int axis, int64_t begin, int64_t end) {
  if (axis != window.row_axis) return end - begin;
  return std::min(end - begin, window.ring_rows - begin % window.ring_rows);
}

// Calls f(index) for every combination of the ranges, last axis fastest; `index` has one entry per range.
// Once, with nothing, where there are no ranges.
template <typename F>
void ForEachIndex(const Range* ranges, int count, F f) {
  int64_t index[Shape::kMaxRank] = {};
  for (int i = 0; i < count; ++i) {
    if (ranges[i].empty()) return;
    index[i] = ranges[i].begin;
  }
  while (true) {
    f(static_cast<const int64_t*>(index));
    int i = count - 1;
    while (i >= 0 && ++index[i] == ranges[i].end) {
      index[i] = ranges[i].begin;
      --i;
    }
    if (i < 0) return;
  }
}

// Offset of axes [0, count) at `index`.
inline int64_t OffsetOf(const Window& window, const int64_t* index, int count) {
  int64_t offset = 0;
  for (int axis = 0; axis < count; ++axis) offset += window.Offset(axis, index[axis]);
  return offset;
}

}  // namespace safelight
