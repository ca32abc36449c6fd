// SPDX-License-Identifier: Apache-2.0
#include "engine/half_storage.h"

#include <algorithm>

#include "graph/op_def.h"

namespace safelight {
namespace {

bool RunsByRows(const Graph& graph, const PhasePlan& phases, NodeId id) {
  return graph.nodes[id].op->prepare != nullptr && graph.nodes[id].outputs.size() == 1 &&
         !phases.phases[static_cast<size_t>(phases.node_phase[id])].serial;
}

// visit(offset in `a`, offset in `b`, count) for all runs of elements of the part that lie without gaps in both.
template <typename Visit>
void ForEachRun(const Window& a, const Window& b, const HeldPart& part, const Visit& visit) {
  const int rank = a.shape.rank();
  Range ranges[Shape::kMaxRank];
  for (int axis = 0; axis < rank; ++axis) ranges[axis] = {0, a.shape[axis]};
  if (a.row_axis >= 0) ranges[a.row_axis] = part.rows;
  if (a.col_axis >= 0) ranges[a.col_axis] = part.columns;
  // The last axes that lie next to each other; the first of them may be there in part.
  int first = rank;
  int64_t count = 1;
  while (first > 0 && first - 1 != a.row_axis && a.strides[first - 1] == count && b.strides[first - 1] == count) {
    --first;
    count *= ranges[first].size();
    if (ranges[first].size() != a.shape[first]) break;
  }
  if (count == 0) return;
  int64_t index[Shape::kMaxRank];
  for (int axis = 0; axis < rank; ++axis) {
    index[axis] = ranges[axis].begin;
    if (ranges[axis].empty()) return;
  }
  while (true) {
    int64_t from = 0, to = 0;
    for (int axis = 0; axis < rank; ++axis) {
      from += a.Offset(axis, index[axis]);
      to += b.Offset(axis, index[axis]);
    }
    visit(from, to, count);
    int axis = first - 1;
    for (; axis >= 0; --axis) {
      if (++index[axis] < ranges[axis].end) break;
      index[axis] = ranges[axis].begin;
    }
    if (axis < 0) return;
  }
}

Shape HeldShape(const Value& value, const ValueAxes& axes, const HeldPart& part) {
  Shape held = value.shape;
  held[axes.row] = std::max<int64_t>(part.rows.size(), 1);
  held[axes.col] = std::max<int64_t>(part.columns.size(), 1);
  return held;
}

}  // namespace

std::vector<bool> ChooseHalf(const Graph& graph, const AxisPlan& axes, const PhasePlan& phases,
                             const std::vector<std::string>& keep) {
  std::vector<bool> half(graph.values.size(), false);
  const std::vector<std::vector<Use>> uses = FindUses(graph);
  for (size_t id = 0; id < graph.values.size(); ++id) {
    const Value& value = graph.values[id];
    if (value.dtype != DType::kFloat32 || value.producer == kNone || value.is_constant()) continue;
    if (std::find(graph.outputs.begin(), graph.outputs.end(), static_cast<ValueId>(id)) != graph.outputs.end())
      continue;
    if (axes.values[id].row == kNone || axes.values[id].col == kNone) continue;
    if (std::find(keep.begin(), keep.end(), value.name) != keep.end()) continue;
    half[id] =
        RunsByRows(graph, phases, value.producer) && std::all_of(uses[id].begin(), uses[id].end(), [&](const Use& use) {
          const EdgeRules& edge = axes.edges[use.node][static_cast<size_t>(use.input)];
          return RunsByRows(graph, phases, use.node) && edge.by_rows;
        });
  }
  return half;
}

HeldPart NeedOf(const Graph& graph, const AxisPlan& axes, NodeId id, size_t i, const HeldPart& out) {
  const ValueId input = graph.nodes[id].inputs[i];
  const EdgeRules& edge = axes.edges[id][i];
  HeldPart need{edge.row.Need(out.rows), {0, graph.values[input].shape[axes.values[input].col]}};
  if (edge.by_cols) need.columns = edge.col.Need(out.columns);
  return need;
}

int64_t HeldBytes(const Value& value, const ValueAxes& axes, const HeldPart& part) {
  // Vector loads may run past the last element.
  return static_cast<int64_t>(
      AlignUp(static_cast<size_t>(TensorBytes(DType::kFloat32, HeldShape(value, axes, part))) + kAlignment));
}

Window HeldWindow(const Value& value, const ValueAxes& axes, const HeldPart& part, std::byte* data) {
  const Shape held = HeldShape(value, axes, part);
  Window window = WholeWindow(DType::kFloat32, held, data);
  window.shape = value.shape;
  window.row_axis = axes.row;
  window.col_axis = axes.col;
  window.ring_rows = held[axes.row];
  window.col_begin = part.columns.begin;
  return window;
}

void ConvertFromHalf(const Window& half, const Window& floats, const HeldPart& part) {
  ForEachRun(floats, half, part, [&](int64_t to, int64_t from, int64_t count) {
    kernels::FromHalf(half.at<uint16_t>(from), count, floats.at<float>(to));
  });
}

void ConvertToHalf(const Window& floats, const Window& half, const HeldPart& part) {
  ForEachRun(floats, half, part, [&](int64_t from, int64_t to, int64_t count) {
    kernels::ToHalf(floats.at<float>(from), count, half.at<uint16_t>(to));
  });
}

void AddLoss(const Window& floats, const HeldPart& part, kernels::HalfLoss* loss) {
  ForEachRun(floats, floats, part,
             [&](int64_t from, int64_t, int64_t count) { kernels::AddHalfLoss(floats.at<float>(from), count, loss); });
}

}  // namespace safelight
