// SPDX-License-Identifier: Apache-2.0
#include "delegates/opencl/plan.h"

#include <algorithm>
#include <optional>

namespace safelight::opencl {
namespace {

// Rules for rows of all nodes, asked for once.
class RowRules {
 public:
  explicit RowRules(const Graph& graph) : graph_(graph), rules_(graph.nodes.size()) {
    for (size_t id = 0; id < graph.nodes.size() && why_not_.empty(); ++id) Find(id);
  }
  // Why the graph cannot run in strips; empty: it can.
  const std::string& why_not() const { return why_not_; }

  // Widens `rows`, which has what is asked of the outputs, by what the nodes need for it.
  void Spread(std::vector<Range>* rows) const {
    for (size_t id = graph_.nodes.size(); id-- > 0;) {
      const Node& node = graph_.nodes[id];
      Range asked;
      for (ValueId output : node.outputs) asked = Hull(asked, (*rows)[static_cast<size_t>(output)]);
      for (ValueId output : node.outputs) (*rows)[static_cast<size_t>(output)] = asked;
      for (size_t i = 0; i < node.inputs.size(); ++i) {
        if (!IsData(node.inputs[i]) || asked.empty()) continue;
        Range& range = (*rows)[static_cast<size_t>(node.inputs[i])];
        range = Hull(range, rules_[id].empty() ? Range{0, 1} : rules_[id][i].Need(asked));
      }
    }
  }

 private:
  bool IsData(ValueId id) const { return id != kNone && !graph_.values[static_cast<size_t>(id)].is_constant(); }

  void Find(size_t id) {
    const Node& node = graph_.nodes[id];
    const Shape& out = graph_.values[static_cast<size_t>(node.outputs[0])].shape;
    const int axis = RowAxis(out);
    if (axis != kNone && node.op->axes != nullptr) rules_[id] = node.op->axes(OpContext(graph_, node), axis);
    for (size_t i = 0; i < node.inputs.size(); ++i) {
      if (!IsData(node.inputs[i])) continue;
      const Shape& in = graph_.values[static_cast<size_t>(node.inputs[i])].shape;
      if (RowAxis(in) == kNone && axis == kNone) continue;  // both have one row
      const bool known = !rules_[id].empty() && !rules_[id][i].needs_all();
      if (known && rules_[id][i].in_axis() == RowAxis(in)) continue;
      why_not_ = Cat(NodeLabel(graph_, node), " needs all rows of its input");
    }
  }

  const Graph& graph_;
  std::vector<std::vector<AxisRule>> rules_;  // by node; empty: its values have one row
  std::string why_not_;
};

class Planner {
 public:
  Planner(const Graph& graph, const StepList& list, const Device& device, int64_t constant_bytes)
      : graph_(graph),
        list_(list),
        device_(device),
        constant_bytes_(constant_bytes),
        last_use_(graph.values.size(), -1) {
    for (size_t i = 0; i < list.steps.size(); ++i) {
      for (ValueId read : list.steps[i].reads) last_use_[static_cast<size_t>(read)] = static_cast<int>(i);
      int& own = last_use_[static_cast<size_t>(list.steps[i].output)];
      own = std::max(own, static_cast<int>(i));
    }
    for (ValueId output : graph.outputs) most_strips_ = std::max(most_strips_, LayoutOf(ShapeOf(output)).rows);
  }

  int64_t most_strips() const { return most_strips_; }

  // Everything in one go.
  Plan Whole() const {
    Plan plan;
    plan.rows.resize(1);
    for (const Value& value : graph_.values) plan.rows[0].push_back({0, LayoutOf(value.shape).rows});
    plan.results.resize(1);
    for (ValueId output : graph_.outputs) plan.results[0].push_back(plan.rows[0][static_cast<size_t>(output)]);
    Share(&plan);
    return plan;
  }

  Plan Cut(const RowRules& rules, int64_t strips) const {
    Plan plan;
    for (int64_t k = 0; k < strips; ++k) {
      std::vector<Range> rows(graph_.values.size()), results;
      for (ValueId output : graph_.outputs) {
        const int64_t all = LayoutOf(ShapeOf(output)).rows;
        results.push_back({all * k / strips, all * (k + 1) / strips});
        rows[static_cast<size_t>(output)] = results.back();
      }
      rules.Spread(&rows);
      plan.rows.push_back(std::move(rows));
      plan.results.push_back(std::move(results));
    }
    Share(&plan);
    return plan;
  }

  bool Fits(const Plan& plan, int64_t limit) const {
    const auto allowed = [&](const ObjectSize& size) { return size.bytes <= device_.largest_buffer; };
    return plan.memory_bytes <= limit && std::all_of(plan.objects.begin(), plan.objects.end(), allowed);
  }

 private:
  const Shape& ShapeOf(ValueId id) const { return graph_.values[static_cast<size_t>(id)].shape; }

  ObjectSize SizeOf(size_t id, int64_t rows) const {
    const Layout layout = LayoutOf(graph_.values[id].shape);
    const int64_t lines = layout.n * rows;
    if (list_.lying[id] == Lying::kPacked) {
      return {lines * layout.columns * layout.channels * static_cast<int64_t>(sizeof(float))};
    }
    const int64_t width = layout.columns * layout.slices(), bytes = lines * width * 4 * element_bytes_;
    return list_.lying[id] == Lying::kImage ? ObjectSize{bytes, width, lines} : ObjectSize{bytes};
  }

  // Gives each value an object from where it is written to where it is last read.
  void Share(Plan* plan) const {
    plan->rows_held.assign(graph_.values.size(), 0);
    for (const auto& rows : plan->rows) {
      for (size_t id = 0; id < rows.size(); ++id) {
        plan->rows_held[id] = std::max(plan->rows_held[id], rows[id].size());
      }
    }
    plan->object.assign(graph_.values.size(), kNone);
    std::vector<int> free;
    for (ValueId input : graph_.inputs) Place(static_cast<size_t>(input), &free, plan);
    for (size_t i = 0; i < list_.steps.size(); ++i) {
      Place(static_cast<size_t>(list_.steps[i].output), &free, plan);
      for (size_t id = 0; id < last_use_.size(); ++id) {
        if (last_use_[id] == static_cast<int>(i) && plan->object[id] != kNone) free.push_back(plan->object[id]);
      }
    }
    plan->memory_bytes = constant_bytes_;
    for (const ObjectSize& size : plan->objects) plan->memory_bytes += size.bytes;
    for (const auto& results : plan->results) plan->strip_rows = std::max(plan->strip_rows, results[0].size());
  }

  // The free object of its kind that is just large enough, else the largest, enlarged, else a new one.
  void Place(size_t id, std::vector<int>* free, Plan* plan) const {
    const ObjectSize size = SizeOf(id, std::max<int64_t>(plan->rows_held[id], 1));
    auto best = free->end();
    for (auto at = free->begin(); at != free->end(); ++at) {
      const ObjectSize& object = plan->objects[static_cast<size_t>(*at)];
      if ((object.width == 0) != (size.width == 0)) continue;
      const int64_t have = object.bytes;
      const int64_t best_have = best == free->end() ? -1 : plan->objects[static_cast<size_t>(*best)].bytes;
      const bool better = have >= size.bytes ? best_have < size.bytes || have < best_have : have > best_have;
      if (best == free->end() || better) best = at;
    }
    if (best == free->end()) {
      plan->object[id] = static_cast<int>(plan->objects.size());
      plan->objects.push_back(size);
      return;
    }
    plan->object[id] = *best;
    free->erase(best);
    ObjectSize& object = plan->objects[static_cast<size_t>(plan->object[id])];
    object = {std::max(object.bytes, size.bytes), std::max(object.width, size.width),
              std::max(object.height, size.height)};
    if (object.width > 0) object.bytes = object.width * object.height * 4 * element_bytes_;
  }

  const Graph& graph_;
  const StepList& list_;
  const Device& device_;
  const int64_t constant_bytes_;
  const int64_t element_bytes_ = list_.element_bytes;
  std::vector<int> last_use_;  // by ValueId: a step
  int64_t most_strips_ = 1;
};

std::string Megabytes(int64_t bytes) { return Cat((bytes + 99999) / 100000 / 10.0, " MB"); }

}  // namespace

Result<Plan> MakePlan(const Graph& graph, const StepList& list, const Device& device, int64_t limit,
                      int64_t constant_bytes) {
  const Planner planner(graph, list, device, constant_bytes);
  Plan whole = planner.Whole();
  if (planner.Fits(whole, limit)) return whole;
  const RowRules rules(graph);
  if (!rules.why_not().empty()) {
    return ResourceLimit("it needs ", Megabytes(whole.memory_bytes), " on the device, ", Megabytes(limit),
                         " are allowed, and strips of rows cannot be: ", rules.why_not());
  }
  int64_t least = whole.memory_bytes;
  for (int64_t strips = 2; strips <= planner.most_strips(); strips += (strips + 3) / 4) {
    Plan plan = planner.Cut(rules, strips);
    if (planner.Fits(plan, limit)) return plan;
    least = std::min(least, plan.memory_bytes);
  }
  Plan rows = planner.Cut(rules, planner.most_strips());
  if (planner.Fits(rows, limit)) return rows;
  least = std::min(least, rows.memory_bytes);
  return ResourceLimit("it needs ", Megabytes(least), " on the device even in strips of single rows, ",
                       Megabytes(limit), " are allowed");
}

}  // namespace safelight::opencl
