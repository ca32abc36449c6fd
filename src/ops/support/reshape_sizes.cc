// SPDX-License-Identifier: Apache-2.0
//
// The target of a reshape at another picture size. A reshape merges axes and splits them; when a merged axis is
// split again, each part must follow the axis that it once was, and only the graph behind the reshape knows which.
#include <algorithm>
#include <deque>
#include <optional>

#include "ops/support/movement.h"

namespace safelight {
namespace {

// Walking back branches where reshapes follow each other; a hostile graph could make that endless.
constexpr int kMaxSteps = 20000;

// An axis of some value at both picture sizes; a part of one that was cut has no value.
struct Unit {
  int64_t before = 1, after = 1;
  ValueId value = kNone;
  int axis = kNone;
};
using Units = std::vector<Unit>;

// Axes [in, in_end) of a reshape's input hold the same elements as axes [out, out_end) of its output.
struct Group {
  int in, in_end, out, out_end;
};

std::optional<std::vector<Group>> GroupsOf(const Shape& in, const Shape& out) {
  std::vector<Group> groups;
  int i = 0, o = 0;
  while (i < in.rank() || o < out.rank()) {
    Group group{i, i, o, o};
    int64_t in_product = i < in.rank() ? in[i++] : 1, out_product = o < out.rank() ? out[o++] : 1;
    while (in_product != out_product) {
      if (in_product < out_product && i < in.rank()) {
        in_product *= in[i++];
      } else if (out_product < in_product && o < out.rank()) {
        out_product *= out[o++];
      } else {
        return std::nullopt;
      }
    }
    group.in_end = i;
    group.out_end = o;
    groups.push_back(group);
  }
  return groups;
}

class Origins {
 public:
  Origins(const OpContext& before, const OpContext& after)
      : reshape_(before.node().op), old_(before.graph()), new_(after.graph()) {}

  // What each axis of the group's output is made of, in order; absent when it cannot be told.
  std::optional<std::vector<Units>> Distribute(const Node& node, const Group& group) {
    std::deque<Unit> left;
    for (int axis = group.in; axis < group.in_end; ++axis) left.push_back(UnitOf(node.inputs[0], axis));
    const Shape& out = old_.values[node.outputs[0]].shape;
    std::vector<Units> parts(static_cast<size_t>(group.out_end - group.out));
    for (int axis = group.out; axis < group.out_end; ++axis) {
      if (!Fill(out[axis], &left, &parts[axis - group.out])) return std::nullopt;
    }
    for (const Unit& unit : left) {
      if (unit.before > 1 || (unit.after > 1 && parts.empty())) return std::nullopt;
      if (unit.after > 1) parts.back().push_back(unit);
    }
    return parts;
  }

 private:
  Unit UnitOf(ValueId value, int axis) const {
    return {old_.values[value].shape[axis], new_.values[value].shape[axis], value, axis};
  }

  // Moves units whose sizes multiply to `size` from the front of `left` to `part`.
  bool Fill(int64_t size, std::deque<Unit>* left, Units* part) {
    while (size > 1) {
      if (left->empty() || left->front().before < 1 || ++steps_ > kMaxSteps) return false;
      const Unit unit = left->front();
      if (size % unit.before == 0) {
        left->pop_front();
        if (unit.before > 1 || unit.after > 1) part->push_back(unit);
        size /= unit.before;
        continue;
      }
      // The unit reaches over the end of this axis.
      const Units finer = unit.value == kNone ? Units{unit} : TakeApart(unit);
      if (finer.empty()) return false;
      left->pop_front();
      if (finer.size() > 1) {
        left->insert(left->begin(), finer.begin(), finer.end());
        continue;
      }
      // A single axis cut in two: the inner part is a factor, such as a block size, and stays.
      const int64_t inner = unit.before / size;
      if (unit.before % size != 0 || unit.after % inner != 0) return false;
      part->push_back({size, unit.after / inner});
      left->push_front({inner, inner});
      size = 1;
    }
    return true;
  }

  // The axes that were merged into this one, itself when it is a single axis, nothing when it cannot be told.
  Units TakeApart(const Unit& unit) {
    ValueId value = unit.value;
    int axis = unit.axis;
    bool same = true;  // the axis found so far has the unit's own indices
    while (old_.values[value].producer != kNone) {
      if (++steps_ > kMaxSteps) return {};
      const Node& node = old_.nodes[old_.values[value].producer];
      if (node.op == reshape_) {
        const Units parts = ThroughReshape(node, axis);
        if (parts.size() != 1) return same ? parts : Units{};
        if (parts[0].value == kNone) return {unit};
        value = parts[0].value;
        axis = parts[0].axis;
        continue;
      }
      const std::vector<AxisRule> rules =
          node.op->axes ? node.op->axes(OpContext(old_, node), axis) : std::vector<AxisRule>();
      size_t i = 0;
      while (i < rules.size() && (rules[i].needs_all() || old_.values[node.inputs[i]].is_constant())) ++i;
      if (i == rules.size()) return unit.before == unit.after ? Units{unit} : Units{};
      same = same && rules[i].is_same();
      value = node.inputs[i];
      axis = rules[i].in_axis();
    }
    return {unit};
  }

  // Parts of one axis of a reshape's output.
  Units ThroughReshape(const Node& node, int axis) {
    const auto groups = GroupsOf(old_.values[node.inputs[0]].shape, old_.values[node.outputs[0]].shape);
    if (!groups.has_value()) return {};
    for (const Group& group : *groups) {
      if (axis < group.out || axis >= group.out_end) continue;
      const std::optional<std::vector<Units>> parts = Distribute(node, group);
      return parts.has_value() ? (*parts)[axis - group.out] : Units{};
    }
    return {};
  }

  const OpDef* reshape_;
  const Graph &old_, &new_;
  int steps_ = 0;
};

// An axis of one index that grew: which axes of the file's shapes belong together does not show then.
bool IsOpen(const Shape& old_in, const Shape& new_in) {
  for (int axis = 1; axis < old_in.rank(); ++axis) {
    if (old_in[axis] == 1 && new_in[axis] > 1) return true;
  }
  return false;
}

}  // namespace

Result<std::vector<int64_t>> RescaleReshape(const OpContext& before, const OpContext& after,
                                            std::vector<int64_t> stored) {
  const Shape &old_in = before.input(0).shape, &new_in = after.input(0).shape, &old_out = before.output(0).shape;
  const bool has_rest = std::find(stored.begin(), stored.end(), -1) != stored.end();
  // An exporter that leaves sizes open writes -1 for what they change.
  if (has_rest && IsOpen(old_in, new_in)) return stored;
  const auto groups = GroupsOf(old_in, old_out);
  const Status unclear = Unsupported("shape ", old_out.ToString(), " of ", old_in.ToString(),
                                     " cannot follow an input of ", new_in.ToString());
  if (!groups.has_value()) return unclear;
  Origins origins(before, after);
  std::vector<int64_t> sizes(old_out.dims().begin(), old_out.dims().end());
  for (const Group& group : *groups) {
    const std::optional<std::vector<Units>> parts = origins.Distribute(before.node(), group);
    if (!parts.has_value()) {
      if (new_in.Product(group.in, group.in_end) != old_in.Product(group.in, group.in_end)) return unclear;
      continue;
    }
    for (int axis = group.out; axis < group.out_end; ++axis) {
      int64_t& size = sizes[axis] = 1;
      for (const Unit& unit : (*parts)[axis - group.out]) size *= unit.after;
    }
  }
  for (size_t i = 0; i < stored.size() && i < sizes.size(); ++i) {
    if (stored[i] == -1) sizes[i] = -1;
  }
  return sizes;
}

}  // namespace safelight
