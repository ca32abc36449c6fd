// SPDX-License-Identifier: Apache-2.0
#include "quantize/mixed_search.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <numeric>
#include <optional>
#include <utility>

namespace safelight {
namespace {

// A gain smaller than this is noise of the measurement, in dB.
constexpr double kSmallestGain = 1e-6;
constexpr size_t kCurvePoints = 8, kTrims = 12;

using Types = std::vector<int>;

class Search {
 public:
  explicit Search(const SearchTask& task) : task_(task) {}

  Result<SearchResult> Run() {
    MakePath();
    SL_ASSIGN(const size_t met, FindOnPath());
    Types types = path_[met];
    SL_TRY(Trim(&types));
    SearchResult result;
    result.types = types;
    SL_ASSIGN(result.drop, Measure(types));
    result.errors = errors_[types];
    SL_TRY(MeasureCurve());
    if (std::find(path_.begin(), path_.end(), types) == path_.end()) path_.push_back(types);
    for (const Types& point : path_) {
      const auto measured = measured_.find(point);
      result.curve.push_back({CostOf(point), Predict(point),
                              measured == measured_.end() ? std::nullopt : std::optional<double>(measured->second),
                              point == types});
    }
    std::stable_sort(result.curve.begin(), result.curve.end(),
                     [](const MixedPoint& a, const MixedPoint& b) { return a.cost < b.cost; });
    return result;
  }

 private:
  const TypeOfLayer& At(size_t layer, int type) const { return task_.layers[layer][static_cast<size_t>(type)]; }

  double CostOf(const Types& types) const {
    double cost = 0;
    for (size_t l = 0; l < types.size(); ++l) cost += At(l, types[l]).cost;
    return cost;
  }

  double Predict(const Types& types) const {
    PictureErrors errors = task_.float_errors;
    for (size_t p = 0; p < errors.size(); ++p) {
      for (size_t l = 0; l < types.size(); ++l) errors[p] += At(l, types[l]).added[p];
      for (const SharedError& pair : task_.shared) {
        const bool both =
            types[static_cast<size_t>(pair.first)] == pair.type && types[static_cast<size_t>(pair.second)] == pair.type;
        if (both) errors[p] -= pair.shared[p];
      }
      errors[p] = std::max(errors[p], task_.float_errors[p] * 0.5);
    }
    return DropOf(task_.float_errors, errors, task_.over);
  }

  // From the cheapest types on, the move that gains most for its cost: of one layer, or of two neighbours.
  void MakePath() {
    Types types;
    for (const std::vector<TypeOfLayer>& layer : task_.layers) {
      const auto cheapest = std::min_element(
          layer.begin(), layer.end(), [](const TypeOfLayer& a, const TypeOfLayer& b) { return a.cost < b.cost; });
      types.push_back(static_cast<int>(cheapest - layer.begin()));
    }
    path_ = {types};
    while (const std::optional<Types> better = BestMove(path_.back())) path_.push_back(*better);
    // Small errors may look like gains.
    if (const Types best = MostExact(); best != path_.back()) path_.push_back(best);
  }

  Types MostExact() const {
    Types types;
    for (const std::vector<TypeOfLayer>& layer : task_.layers) {
      const auto best = std::min_element(layer.begin(), layer.end(), [](const TypeOfLayer& a, const TypeOfLayer& b) {
        return std::accumulate(a.added.begin(), a.added.end(), 0.0) <
               std::accumulate(b.added.begin(), b.added.end(), 0.0);
      });
      types.push_back(static_cast<int>(best - layer.begin()));
    }
    return types;
  }

  std::optional<Types> BestMove(const Types& from) const {
    std::optional<Types> best;
    double most = 0;
    const double drop = Predict(from), cost = CostOf(from);
    const auto consider = [&](const Types& to) {
      const double gain = drop - Predict(to), extra = CostOf(to) - cost;
      if (gain < kSmallestGain) return;
      const double worth = gain / std::max(extra, std::numeric_limits<double>::min());
      if (best.has_value() && worth <= most) return;
      best = to;
      most = worth;
    };
    const auto others = [&](size_t layer, const Types& base, const std::function<void(const Types&)>& use) {
      for (int type = 0; type < static_cast<int>(task_.layers[layer].size()); ++type) {
        if (type == from[layer]) continue;
        Types to = base;
        to[layer] = type;
        use(to);
      }
    };
    for (size_t l = 0; l < from.size(); ++l) others(l, from, consider);
    for (const SharedError& pair : task_.shared) {
      others(static_cast<size_t>(pair.first), from,
             [&](const Types& one) { others(static_cast<size_t>(pair.second), one, consider); });
    }
    return best;
  }

  Result<double> Measure(const Types& types) {
    const auto known = measured_.find(types);
    if (known != measured_.end()) return known->second;
    SL_ASSIGN(const PictureErrors errors, task_.measure(types));
    const double drop = DropOf(task_.float_errors, errors, task_.over);
    if (drop <= task_.target_drop) errors_[types] = errors;
    return measured_[types] = drop;
  }
  Result<bool> Meets(const Types& types) {
    SL_ASSIGN(const double drop, Measure(types));
    return drop <= task_.target_drop;
  }

  // The first assignment of the path that is measured to meet the target: from the predicted one in growing steps, then
  // by halves.
  Result<size_t> FindOnPath() {
    const auto guess = std::find_if(path_.begin(), path_.end(),
                                    [&](const Types& types) { return Predict(types) <= task_.target_drop; });
    const size_t last = path_.size() - 1;
    size_t at = std::min(static_cast<size_t>(guess - path_.begin()), last), step = 1;
    SL_ASSIGN(bool met, Meets(path_[at]));
    const bool forward = !met;
    size_t before = at;  // where it was the other way round
    while (met != forward && at != (forward ? last : 0)) {
      before = at;
      at = forward ? std::min(last, at + step) : at - std::min(at, step);
      step *= 2;
      SL_ASSIGN(met, Meets(path_[at]));
    }
    if (forward && !met) return Missed();
    if (!forward && met) return at;
    size_t bad = forward ? before : at, good = forward ? at : before;
    while (good - bad > 1) {
      const size_t middle = (good + bad) / 2;
      SL_ASSIGN(const bool ok, Meets(path_[middle]));
      (ok ? good : bad) = middle;
    }
    return good;
  }

  Status Missed() const {
    double least = std::numeric_limits<double>::infinity();
    for (const auto& [types, drop] : measured_) least = std::min(least, drop);
    return Unsupported("the least loss that these types reach is ", least, " dB, the target is ", task_.target_drop,
                       " dB: allow more, or more exact types");
  }

  // Layers that can be made cheaper and the target still be met: those first that save most for what they lose.
  Status Trim(Types* types) {
    SL_ASSIGN(double drop, Measure(*types));
    std::vector<Types> tried;
    for (size_t trial = 0; trial < kTrims; ++trial) {
      std::optional<Types> best;
      double most = 0;
      const double cost = CostOf(*types), predicted = Predict(*types);
      for (size_t l = 0; l < types->size(); ++l) {
        for (int type = 0; type < static_cast<int>(task_.layers[l].size()); ++type) {
          Types to = *types;
          to[l] = type;
          const double saved = cost - CostOf(to), loss = std::max(Predict(to) - predicted, kSmallestGain);
          const bool hopeless = saved <= 0 || drop + loss > task_.target_drop * 1.1;
          if (hopeless || saved / loss <= most || std::find(tried.begin(), tried.end(), to) != tried.end()) continue;
          best = to;
          most = saved / loss;
        }
      }
      if (!best.has_value()) return {};
      tried.push_back(*best);
      SL_ASSIGN(const double now, Measure(*best));
      if (now > task_.target_drop) continue;
      *types = *best;
      drop = now;
    }
    return {};
  }

  Status MeasureCurve() {
    const size_t last = path_.size() - 1;
    for (size_t i = 0; i < kCurvePoints && measured_.size() < kMostMeasured; ++i) {
      SL_TRY(Measure(path_[i * last / (kCurvePoints - 1)]).status());
    }
    return {};
  }

  const SearchTask& task_;
  std::vector<Types> path_;
  std::map<Types, double> measured_;
  std::map<Types, PictureErrors> errors_;  // of those that meet the target
};

}  // namespace

double DropOf(const PictureErrors& float_errors, const PictureErrors& errors, DropOver over) {
  double sum = 0, most = -std::numeric_limits<double>::infinity();
  for (size_t p = 0; p < errors.size(); ++p) {
    const double drop = 10 * std::log10(errors[p] / float_errors[p]);
    sum += drop;
    most = std::max(most, drop);
  }
  return over == DropOver::kWorst ? most : sum / static_cast<double>(errors.size());
}

Result<SearchResult> SearchTypes(const SearchTask& task) { return Search(task).Run(); }

}  // namespace safelight
