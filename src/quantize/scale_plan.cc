// SPDX-License-Identifier: Apache-2.0
#include "quantize/scale_plan.h"

#include <algorithm>
#include <memory>
#include <numeric>
#include <string>

#include "quantize/clean_up.h"

namespace safelight {
namespace {

// Limits that were nearly reached are meant: a picture's white, say.
constexpr double kNearly = 0.8;

// Constants beyond the range of the values do no more than its ends do.
bool MayCutConstants(const std::string& op) { return op == "MAXIMUM" || op == "MINIMUM" || op == "PADV2"; }

class Planner {
 public:
  explicit Planner(const ScaleTask& task)
      : task_(task), net_(task.network), parent_(static_cast<size_t>(net_.num_tensors())) {
    std::iota(parent_.begin(), parent_.end(), 0);
    fixed_.resize(parent_.size());
  }

  std::vector<ScaleChoice> Plan() {
    for (const bool fixed : {true, false}) {
      for (int n = 0; n < net_.num_nodes(); ++n) {
        if (task_.forms[static_cast<size_t>(n)] == task_.form) fixed ? Fix(n) : Join(n);
      }
      for (const auto& [a, b] : task_.alike) Unite(a, b);
    }
    std::map<int, std::vector<int>> groups;
    for (int t = 0; t < net_.num_tensors(); ++t) {
      if (net_.is_float(t) && !net_.is_constant(t)) groups[Root(t)].push_back(t);
    }
    plan_.resize(parent_.size());
    for (const auto& [root, members] : groups) Choose(root, members);
    return std::move(plan_);
  }

 private:
  bool int16() const { return task_.form == NodeForm::kInt16; }

  int Root(int t) const {
    while (parent_[static_cast<size_t>(t)] != t) t = parent_[static_cast<size_t>(t)];
    return t;
  }

  // The root keeps the scale that the format gives, if any.
  void Unite(int a, int b) {
    const int keeps = Root(a), joins = Root(b);
    if (keeps == joins) return;
    parent_[static_cast<size_t>(joins)] = keeps;
    if (!fixed_[static_cast<size_t>(keeps)]) fixed_[static_cast<size_t>(keeps)] = fixed_[static_cast<size_t>(joins)];
  }

  void Fix(int n) {
    const IntegerOp& op = *FindIntegerOp(net_.Op(n));
    if (op.kind != IntegerKind::kFixed) return;
    fixed_[static_cast<size_t>(net_.node(n).outputs[0])] = FixedScale(op.name, int16());
  }

  void Join(int n) {
    const FileNode& node = net_.node(n);
    const IntegerOp& op = *FindIntegerOp(net_.Op(n));
    if (op.kind != IntegerKind::kSame) return;
    std::vector<int> values;
    for (const int i : ValueInputs(net_, n)) {
      if (!net_.is_constant(node.inputs[static_cast<size_t>(i)])) values.push_back(i);
    }
    for (size_t k = 1; k < node.outputs.size(); ++k) Unite(node.outputs[0], node.outputs[k]);
    for (const int i : values) {
      const int t = node.inputs[static_cast<size_t>(i)];
      // What joins others cannot keep a scale that the format gave to one of them.
      if (values.size() == 1 || !fixed_[static_cast<size_t>(Root(t))].has_value()) Unite(node.outputs[0], t);
    }
    if (!MayCutConstants(op.name)) {
      for (const int i : ValueInputs(net_, n)) {
        const int t = node.inputs[static_cast<size_t>(i)];
        if (net_.is_constant(t)) constants_[node.outputs[0]].push_back(t);
      }
    }
  }

  void Choose(int root, const std::vector<int>& members) {
    ScaleChoice choice;
    if (fixed_[static_cast<size_t>(root)].has_value()) {
      choice = *fixed_[static_cast<size_t>(root)];
    } else {
      const std::optional<SeenRange> range = RangeOf(members);
      if (!range.has_value()) return;
      choice = ScaleForRange(range->low, range->high, int16());
    }
    for (const int t : members) plan_[static_cast<size_t>(t)] = choice;
  }

  std::optional<SeenRange> RangeOf(const std::vector<int>& members) const {
    ValueStats all(true);
    for (const int t : members) {
      if (const ValueStats* stats = task_.stats(t)) all.Merge(*stats);
    }
    if (!all.seen()) return std::nullopt;
    const bool limited = std::any_of(members.begin(), members.end(), [&](int t) { return task_.limits.contains(t); });
    // Where the ends are known nothing of what was seen is an outlier.
    QuantizeOptions options = task_.options;
    if (limited) options.observer = RangeObserver::kMinMax;
    SeenRange range = ChooseRange(all, options, int16() ? 65536 : 256);
    for (const int t : members) {
      if (const auto limit = task_.limits.find(t); limit != task_.limits.end()) Limit(limit->second, &range);
    }
    for (const int t : members) {
      if (const auto whole = task_.whole.find(t); whole != task_.whole.end()) Widen(whole->second, &range);
      if (const auto constants = constants_.find(t); constants != constants_.end()) {
        for (const int c : constants->second) {
          const std::vector<float> floats = net_.Floats(c);
          const auto [low, high] = std::minmax_element(floats.begin(), floats.end());
          Widen({static_cast<double>(*low), static_cast<double>(*high)}, &range);
        }
      }
    }
    return range;
  }

  static void Widen(const SeenRange& by, SeenRange* range) {
    range->low = std::min(range->low, by.low);
    range->high = std::max(range->high, by.high);
  }

  // Ends beyond the limit, or near it, lie on it.
  static void Limit(const SeenRange& limit, SeenRange* range) {
    if (range->high > kNearly * limit.high) range->high = limit.high;
    if (range->low < kNearly * limit.low) range->low = limit.low;
  }

  const ScaleTask& task_;
  const FileNetwork& net_;
  std::vector<ScaleChoice> plan_;
  std::vector<int> parent_;
  std::vector<std::optional<ScaleChoice>> fixed_;  // by root
  std::map<int, std::vector<int>> constants_;      // that are joined with a value
};

}  // namespace

std::vector<int> ValueInputs(const FileNetwork& network, int n) {
  if (const WeightedOp* op = FindWeightedOp(network.Op(n))) return {op->data};
  std::vector<int> values;
  const FileList<int32_t>& inputs = network.node(n).inputs;
  for (size_t i = 0; i < inputs.size(); ++i) {
    if (network.is_float(inputs[i])) values.push_back(static_cast<int>(i));
  }
  return values;
}

std::vector<ScaleChoice> PlanScales(const ScaleTask& task) { return Planner(task).Plan(); }

}  // namespace safelight
