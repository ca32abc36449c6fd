// SPDX-License-Identifier: Apache-2.0
#include "imaging/quantize_mixed.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>
#include <utility>

#include "base/file.h"
#include "imaging/search_pictures.h"
#include "quantize/layer_costs.h"
#include "quantize/mixed_search.h"

namespace safelight {
namespace {

constexpr LayerType kAllTypes[] = {LayerType::kInt8, LayerType::k16x8, LayerType::kFloat16, LayerType::kFloat32};

std::vector<LayerType> TypesOf(const MixedOptions& options) {
  std::vector<LayerType> types(std::begin(kAllTypes), std::end(kAllTypes));
  std::erase_if(types, [&](LayerType type) {
    return !options.types.empty() && std::find(options.types.begin(), options.types.end(), type) == options.types.end();
  });
  return types;
}

NodeForm FormOf(LayerType type) {
  return type == LayerType::kInt8 ? NodeForm::kInt8 : type == LayerType::k16x8 ? NodeForm::kInt16 : NodeForm::kFloat;
}

class Mixer {
 public:
  explicit Mixer(const MixedTask& task)
      : task_(task),
        mixed_(task.options.mixed),
        types_(TypesOf(mixed_)),
        layers_(task.quantizer.Layers()),
        neighbours_(task.quantizer.Neighbours(layers_)) {}

  Result<QuantizedModel> Run() {
    if (layers_.empty()) return Unsupported("the network has no node that computes on floats");
    const size_t shown = std::min(mixed_.pictures, task_.pictures.size());
    total_ = task_.begun + shown * (layers_.size() * types_.size() + neighbours_.size() + kMostMeasured + 1);
    const Model& model = task_.quantizer.model();
    SL_ASSIGN(SearchPictures pictures, SearchPictures::Load(model, task_.picture, task_.recipe, task_.pictures, mixed_,
                                                            [this] { return Step(); }));
    pictures_.emplace(std::move(pictures));
    SL_ASSIGN(const std::vector<std::vector<double>> costs, Costs());
    SearchTask search{mixed_.target_drop, mixed_.over, pictures_->float_errors(), {}, {}, {}};
    SL_TRY(MeasureLayers(costs, &search));
    SL_TRY(MeasurePairs(&search));
    search.measure = [this](const std::vector<int>& types) { return Errors(types); };
    Result<SearchResult> found = SearchTypes(search);
    if (!found.ok()) return found.status();
    SL_ASSIGN(QuantizedModel result, Make(found->types));
    result.mixed = Report(search, *found);
    return result;
  }

 private:
  bool Step() {
    ++done_;
    return !task_.progress || task_.progress(task_.begun + done_, std::max(total_, task_.begun + done_));
  }

  // The network with these types, -1: float32.
  Result<QuantizedModel> Make(const std::vector<int>& types) const {
    FinishTask finish = task_.finish;
    for (size_t l = 0; l < layers_.size(); ++l) {
      const LayerType type = types[l] < 0 ? LayerType::kFloat32 : types_[static_cast<size_t>(types[l])];
      for (const int n : layers_[l].nodes) {
        const auto node = static_cast<size_t>(n);
        finish.forms.resize(std::max(finish.forms.size(), node + 1), NodeForm::kFloat);
        finish.halves.resize(finish.forms.size(), false);
        finish.forms[node] = FormOf(type);
        finish.halves[node] = type == LayerType::kFloat16;
      }
    }
    return task_.quantizer.Finish(finish);
  }

  Result<Model> Open(const std::vector<int>& types) const {
    SL_ASSIGN(const QuantizedModel made, Make(types));
    return Model::FromBytes(made.bytes, task_.quantizer.model().path());
  }

  Result<PictureErrors> Errors(const std::vector<int>& types) {
    SL_ASSIGN(const Model model, Open(types));
    return pictures_->Errors(model, [this] { return Step(); });
  }

  // What these types add to the float network's errors.
  Result<PictureErrors> Added(const std::vector<int>& types) {
    SL_ASSIGN(PictureErrors errors, Errors(types));
    for (size_t p = 0; p < errors.size(); ++p) errors[p] -= pictures_->float_errors()[p];
    return errors;
  }

  Result<std::vector<std::vector<double>>> Costs() {
    const std::vector<double> work = WorkOf(layers_, task_.quantizer.model());
    if (!mixed_.cost.empty() && mixed_.cost != "measured") {
      SL_ASSIGN(const std::shared_ptr<MappedFile> file, MappedFile::Open(mixed_.cost));
      const std::span<const std::byte> bytes = file->bytes();
      costs_in_words_ = "as " + mixed_.cost + " says";
      Result<std::vector<std::vector<double>>> costs =
          ReadCosts(std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size()), layers_, work, types_);
      return costs.ok() ? std::move(costs) : costs.status().With(mixed_.cost);
    }
    std::vector<double> units;
    for (const LayerType type : types_) units.push_back(BitsOf(type));
    costs_in_words_ = "multiply-adds x bits of values x bits of weights";
    if (mixed_.cost == "measured") {
      SL_ASSIGN(units, MeasuredUnits());
    }
    std::vector<std::vector<double>> costs;
    for (const double w : work) {
      costs.emplace_back();
      for (const double unit : units) costs.back().push_back(w * unit);
    }
    return costs;
  }

  // Seconds of the whole network in each type.
  Result<std::vector<double>> MeasuredUnits() {
    std::vector<double> units;
    costs_in_words_ = "multiply-adds x seconds of the whole network in that type, measured on this machine:";
    for (size_t t = 0; t < types_.size(); ++t) {
      SL_ASSIGN(const Model model, Open(std::vector<int>(layers_.size(), static_cast<int>(t))));
      SL_ASSIGN(const double seconds, pictures_->Seconds(model));
      units.push_back(seconds);
      costs_in_words_ += Cat(t == 0 ? " " : ", ", LayerTypeName(types_[t]), " ", seconds * 1e3, " ms");
    }
    return units;
  }

  Status MeasureLayers(const std::vector<std::vector<double>>& costs, SearchTask* search) {
    for (size_t l = 0; l < layers_.size(); ++l) {
      search->layers.emplace_back();
      for (size_t t = 0; t < types_.size(); ++t) {
        PictureErrors added(pictures_->count(), 0);
        if (types_[t] != LayerType::kFloat32) {
          std::vector<int> types(layers_.size(), -1);
          types[l] = static_cast<int>(t);
          SL_ASSIGN(added, Added(types));
        }
        search->layers.back().push_back({costs[l][t], std::move(added)});
      }
    }
    return {};
  }

  // Of int8, whose values are what costs most; others have next to nothing in common.
  Status MeasurePairs(SearchTask* search) {
    if (types_[0] != LayerType::kInt8) return {};
    for (const auto& [a, b] : neighbours_) {
      std::vector<int> types(layers_.size(), -1);
      types[static_cast<size_t>(a)] = types[static_cast<size_t>(b)] = 0;
      SL_ASSIGN(PictureErrors shared, Added(types));
      for (size_t p = 0; p < shared.size(); ++p) {
        shared[p] = search->layers[static_cast<size_t>(a)][0].added[p] +
                    search->layers[static_cast<size_t>(b)][0].added[p] - shared[p];
      }
      search->shared.push_back({a, b, 0, std::move(shared)});
    }
    return {};
  }

  MixedReport Report(const SearchTask& search, const SearchResult& found) const {
    double dearest = 0, all = 0;
    for (size_t t = 0; t < types_.size(); ++t) {
      double sum = 0;
      for (const std::vector<TypeOfLayer>& layer : search.layers) sum += layer[t].cost;
      dearest = std::max(dearest, sum);
    }
    MixedReport report;
    report.reference = pictures_->reference();
    report.costs = costs_in_words_;
    report.drop = found.drop;
    report.mean_drop = DropOf(search.float_errors, found.errors, DropOver::kMean);
    for (const double error : search.float_errors) {
      report.float_psnr -= 10 * std::log10(error) / static_cast<double>(search.float_errors.size());
    }
    for (size_t l = 0; l < layers_.size(); ++l) {
      const TypeOfLayer& chosen = search.layers[l][static_cast<size_t>(found.types[l])];
      PictureErrors errors = search.float_errors;
      for (size_t p = 0; p < errors.size(); ++p) errors[p] = std::max(errors[p] + chosen.added[p], errors[p] / 2);
      const double drop = DropOf(search.float_errors, errors, mixed_.over), cost = chosen.cost / dearest;
      report.layers.push_back(
          {layers_[l].name, layers_[l].op, types_[static_cast<size_t>(found.types[l])], drop, 0, cost});
      all += std::max(drop, 0.0);
      report.cost += cost;
    }
    for (MixedLayer& layer : report.layers) layer.share = all > 0 ? std::max(layer.drop, 0.0) / all : 0;
    report.curve = found.curve;
    for (MixedPoint& point : report.curve) point.cost /= dearest;
    return report;
  }

  const MixedTask& task_;
  const MixedOptions& mixed_;
  const std::vector<LayerType> types_;  // ascending bits
  const std::vector<LayerGroup> layers_;
  const std::vector<std::pair<int, int>> neighbours_;
  std::optional<SearchPictures> pictures_;
  std::string costs_in_words_;
  size_t done_ = 0, total_ = 0;
};

}  // namespace

Status CheckMixed(const MixedOptions& options) {
  if (!(options.target_drop > 0) || !std::isfinite(options.target_drop)) {
    return InvalidArgument("a target of ", options.target_drop, " dB, must be above 0");
  }
  if (!(options.float_psnr > 0) || options.float_psnr > 100) {
    return InvalidArgument("a float network of ", options.float_psnr, " dB, must be above 0 and at most 100");
  }
  if (options.pictures < 1) return InvalidArgument("types are searched on pictures: at least one is needed");
  if (options.size < 16) return InvalidArgument("pictures of ", options.size, " pixels, must be at least 16");
  return {};
}

Result<QuantizedModel> QuantizeMixed(const MixedTask& task) { return Mixer(task).Run(); }

}  // namespace safelight
