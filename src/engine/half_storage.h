// SPDX-License-Identifier: Apache-2.0
//
// Values between nodes stored as float16: rings and whole values take half the memory. Kernels know nothing of it: a
// step's rows are made float32 in a window of the thread's own, and its results float16 on the way back. A number is
// rounded once, when it is stored, so the cut does not change the bits.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "engine/axes.h"
#include "engine/phases.h"
#include "graph/graph.h"
#include "graph/window.h"
#include "kernels/half.h"

namespace safelight {

// By ValueId: float32 values with columns that are made and read by rows, within phases of rows. Not those named in
// `keep`, nor inputs and outputs of the graph.
std::vector<bool> ChooseHalf(const Graph& graph, const AxisPlan& axes, const PhasePlan& phases,
                             const std::vector<std::string>& keep);

// The part of a value that a step reads or makes.
struct HeldPart {
  Range rows, columns;
};
// A step is made a few columns at a time, so that the windows stay in a core's cache: the columns from `begin` on.
// `all`: at once, since an input is read of all its columns.
inline Range NextColumns(const HeldPart& out, int64_t begin, bool all) {
  constexpr int64_t kTogether = 128;  // borders lie on multiples of it, and so between the cells of any op's grid
  return {begin, all ? out.columns.end : std::min(out.columns.end, (begin / kTogether + 1) * kTogether)};
}
// What input `i` of node `id` is read of for these rows and columns of the output.
HeldPart NeedOf(const Graph& graph, const AxisPlan& axes, NodeId id, size_t i, const HeldPart& out);
int64_t HeldBytes(const Value& value, const ValueAxes& axes, const HeldPart& part);
// A float32 window on that part, at `data`.
Window HeldWindow(const Value& value, const ValueAxes& axes, const HeldPart& part, std::byte* data);
void ConvertFromHalf(const Window& half, const Window& floats, const HeldPart& part);
void ConvertToHalf(const Window& floats, const Window& half, const HeldPart& part);
void AddLoss(const Window& floats, const HeldPart& part, kernels::HalfLoss* loss);

}  // namespace safelight
