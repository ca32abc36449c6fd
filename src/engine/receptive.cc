// SPDX-License-Identifier: Apache-2.0
#include "engine/receptive.h"

#include <algorithm>
#include <cstring>
#include <vector>

#include "graph/op_def.h"

namespace safelight {
namespace {

// A stretch of output pixels in the middle of the picture is looked at; the longest shows patterns of this many.
constexpr int64_t kShortStretch = 64, kLongStretch = 2048;
// A pattern must be seen this many times to count as one.
constexpr int64_t kRepeats = 3;
// Places all over the picture at which the pattern found in the middle must hold.
constexpr int64_t kProbes = 32;

// Every index of `axis` has the same elements.
bool IsUniform(const Value& value, int axis) {
  const size_t slice = DTypeSize(value.dtype) * static_cast<size_t>(value.shape.Product(axis + 1, value.shape.rank()));
  const size_t count = static_cast<size_t>(value.shape[axis]);
  const size_t outer = static_cast<size_t>(value.shape.Product(0, axis));
  for (size_t o = 0; o < outer; ++o) {
    const std::byte* first = value.constant + o * count * slice;
    for (size_t i = 1; i < count; ++i) {
      if (std::memcmp(first, first + i * slice, slice) != 0) return false;
    }
  }
  return true;
}

// Needs of every value when one output pixel is made.
class Walk {
 public:
  Walk(const Graph& graph, const AxisPlan& axes, bool columns) : graph_(graph), axes_(axes), columns_(columns) {}

  int AxisOf(ValueId id) const { return columns_ ? axes_.values[id].col : axes_.values[id].row; }
  const char* what() const { return columns_ ? "columns" : "rows"; }
  const std::string& why_not() const { return why_not_; }

  // A constant with other elements for each row makes every row different.
  bool HasConstantsByPlace() {
    for (size_t n = 0; n < graph_.nodes.size(); ++n) {
      const Node& node = graph_.nodes[n];
      for (size_t i = 0; i < node.inputs.size(); ++i) {
        if (node.inputs[i] == kNone || AxisOf(node.outputs[0]) == kNone) continue;
        const Value& value = graph_.values[node.inputs[i]];
        const AxisRule& rule = columns_ ? axes_.edges[n][i].col : axes_.edges[n][i].row;
        if (!value.is_constant() || rule.needs_all() || value.shape[rule.in_axis()] <= 1) continue;
        if (IsUniform(value, rule.in_axis())) continue;
        why_not_ =
            Cat(NodeLabel(graph_, node), " has constants for each of ", value.shape[rule.in_axis()], " ", what());
        return true;
      }
    }
    return false;
  }

  // Of the picture, for output pixel `at`; nullopt with a reason when a node needs all.
  std::optional<Range> NeedOfPixel(int64_t at) {
    need_.assign(graph_.values.size(), Range{});
    whole_.assign(graph_.values.size(), false);
    need_[graph_.outputs[0]] = {at, at + 1};
    for (size_t n = graph_.nodes.size(); n-- > 0;) {
      const Node& node = graph_.nodes[n];
      Range made;
      bool whole = false;
      for (ValueId output : node.outputs) {
        made = Hull(made, need_[output]);
        whole = whole || whole_[output];
      }
      if (made.empty() && !whole) continue;
      for (size_t i = 0; i < node.inputs.size(); ++i) {
        if (!Ask(node, axes_.edges[n][i], node.inputs[i], whole, made)) return std::nullopt;
      }
    }
    return NeedOfPicture(need_);
  }

  int64_t SizeOf(ValueId id) const { return AxisOf(id) == kNone ? 0 : graph_.values[id].shape[AxisOf(id)]; }

 private:
  // Notes what the node needs of an input; false when that is all rows of something made of the picture.
  bool Ask(const Node& node, const EdgeRules& edge, ValueId input, bool whole, const Range& made) {
    if (input == kNone || graph_.values[input].is_constant()) return true;
    if (!whole && (columns_ ? edge.by_cols : edge.by_rows)) {
      need_[input] = Hull(need_[input], (columns_ ? edge.col : edge.row).Need(made));
      return true;
    }
    const bool is_other_input = graph_.values[input].producer == kNone && input != graph_.inputs[0];
    // A graph input of another size (a strength, a style) is the same for every tile; another value
    // without rows was made of something, and the node that took its rows away is further up.
    if (is_other_input && SizeOf(input) != SizeOf(graph_.inputs[0])) return true;
    if (AxisOf(input) == kNone && input != graph_.inputs[0]) {
      whole_[input] = true;
      return true;
    }
    why_not_ = Cat(NodeLabel(graph_, node), " needs all ", what(), " of '", graph_.values[input].name, "'");
    return false;
  }

  Range NeedOfPicture(const std::vector<Range>& need) const {
    Range all = need[graph_.inputs[0]];
    for (ValueId input : graph_.inputs) {
      if (SizeOf(input) == SizeOf(graph_.inputs[0])) all = Hull(all, need[input]);
    }
    return all;
  }

  const Graph& graph_;
  const AxisPlan& axes_;
  const bool columns_;
  std::string why_not_;
  std::vector<Range> need_;  // by ValueId
  std::vector<bool> whole_;  // by ValueId
};

// Needs of output pixels [from, from + needs.size()), none of which the border cuts off.
struct Stretch {
  int64_t from = 0;
  std::vector<Range> needs;

  // Input pixels by which the need moves every `period` output pixels; 0 when it does not repeat like that.
  int64_t StepOf(int64_t period) const {
    const int64_t count = static_cast<int64_t>(needs.size());
    if (count < kRepeats * period) return 0;
    const int64_t step = needs[period].begin - needs[0].begin;
    for (int64_t i = period; i < count; ++i) {
      if (needs[i].begin - needs[i - period].begin != step || needs[i].end - needs[i - period].end != step) return 0;
    }
    return std::max<int64_t>(step, 0);
  }
};

class Finder {
 public:
  Finder(Walk& walk, int64_t in_size, int64_t out_size) : walk_(walk), in_size_(in_size), out_size_(out_size) {}

  ReachResult Find() {
    for (int64_t length = std::min(out_size_, kShortStretch);;
         length = std::min({out_size_, kLongStretch, length * 4})) {
      if (!Look(length)) return {std::nullopt, walk_.why_not()};
      for (int64_t period = 1; kRepeats * period <= static_cast<int64_t>(stretch_.needs.size()); ++period) {
        const int64_t step = stretch_.StepOf(period);
        if (step == 0) continue;
        if (!HoldsEverywhere(period, step)) break;
        return {ReachOf(period, step), {}};
      }
      if (length == out_size_ || length == kLongStretch) break;
    }
    if (static_cast<int64_t>(stretch_.needs.size()) < kRepeats) {
      return {std::nullopt, Cat("output ", walk_.what(), " in the middle depend on the border of the ", in_size_,
                                " input ", walk_.what())};
    }
    return {std::nullopt, Cat("what output ", walk_.what(), " need of the input follows no pattern that repeats")};
  }

 private:
  bool Inside(const Range& need) const { return !need.empty() && need.begin > 0 && need.end < in_size_; }

  // Fills the stretch with the longest run of such pixels among `length` in the middle; false when not local.
  bool Look(int64_t length) {
    stretch_ = {};
    Stretch run;
    for (int64_t at = (out_size_ - length) / 2; at < (out_size_ - length) / 2 + length; ++at) {
      const std::optional<Range> need = walk_.NeedOfPixel(at);
      if (!need.has_value()) return false;
      if (!Inside(*need)) {
        run = {};
        continue;
      }
      if (run.needs.empty()) run.from = at;
      run.needs.push_back(*need);
      if (run.needs.size() > stretch_.needs.size()) stretch_ = run;
    }
    return true;
  }

  // A pattern with a slow drift looks right in the middle.
  bool HoldsEverywhere(int64_t period, int64_t step) {
    const int64_t last = (out_size_ - 1 - stretch_.from) / period, first = -(stretch_.from / period);
    const int64_t every = std::max<int64_t>(1, (last - first) / kProbes);
    for (int64_t k = first; k <= last; k += every) {
      const std::optional<Range> need = walk_.NeedOfPixel(stretch_.from + k * period);
      if (!need.has_value() || !Inside(*need)) continue;
      if (need->begin - stretch_.needs[0].begin != k * step || need->end - stretch_.needs[0].end != k * step) {
        return false;
      }
    }
    return true;
  }

  Reach ReachOf(int64_t period, int64_t step) const {
    Reach reach;
    reach.out_period = period;
    reach.in_period = step;
    // A whole block of outputs within the stretch, which is at least two periods long.
    const int64_t block = (stretch_.from + period - 1) / period, skip = block * period - stretch_.from;
    Range need;
    for (int64_t i = 0; i < period; ++i) need = Hull(need, stretch_.needs[skip + i]);
    reach.before = block * step - need.begin;
    reach.after = need.end - (block + 1) * step;
    return reach;
  }

  Walk& walk_;
  const int64_t in_size_, out_size_;
  Stretch stretch_;
};

}  // namespace

ReachResult FindReach(const Graph& graph, const AxisPlan& axes, bool columns) {
  if (graph.inputs.empty() || graph.outputs.empty()) return {std::nullopt, "the network has no input or no output"};
  Walk walk(graph, axes, columns);
  if (walk.AxisOf(graph.inputs[0]) == kNone || walk.AxisOf(graph.outputs[0]) == kNone) {
    return {std::nullopt, Cat("the output has no ", walk.what(), " of its own")};
  }
  if (walk.HasConstantsByPlace()) return {std::nullopt, walk.why_not()};
  const int64_t in_size = walk.SizeOf(graph.inputs[0]), out_size = walk.SizeOf(graph.outputs[0]);
  if (in_size == 0 || out_size == 0) return {std::nullopt, "the picture is empty"};
  return Finder(walk, in_size, out_size).Find();
}

}  // namespace safelight
