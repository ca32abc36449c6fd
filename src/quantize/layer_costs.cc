// SPDX-License-Identifier: Apache-2.0
#include "quantize/layer_costs.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <sstream>

namespace safelight {
namespace {

// A line in words of which the last two are type and cost; names may have spaces.
struct Line {
  std::string layer, type, cost;
};
Result<Line> Split(const std::string& text) {
  std::vector<std::string> words;
  std::istringstream in(text);
  for (std::string word; in >> word;) words.push_back(word);
  if (words.size() < 3) return InvalidArgument("'", text, "', must be LAYER TYPE COST");
  Line line{words[0], words[words.size() - 2], words.back()};
  for (size_t w = 1; w + 2 < words.size(); ++w) line.layer += ' ' + words[w];
  return line;
}

}  // namespace

Result<LayerType> ParseLayerType(const std::string& name) {
  for (const LayerType type : {LayerType::kInt8, LayerType::k16x8, LayerType::kFloat16, LayerType::kFloat32}) {
    if (name == LayerTypeName(type)) return type;
  }
  return InvalidArgument("'", name, "', must be one of int8, 16x8, float16, float32");
}

Result<DropOver> ParseDropOver(const std::string& name) {
  if (name == "worst") return DropOver::kWorst;
  if (name == "mean") return DropOver::kMean;
  return InvalidArgument("'", name, "', must be worst or mean");
}

const char* LayerTypeName(LayerType type) {
  switch (type) {
    case LayerType::kInt8: return "int8";
    case LayerType::k16x8: return "16x8";
    case LayerType::kFloat16: return "float16";
    case LayerType::kFloat32: return "float32";
  }
  return "";
}

std::vector<double> WorkOf(const std::vector<LayerGroup>& layers, const Model& model) {
  std::map<int, double> macs, numbers;
  for (const NodeInfo& node : model.nodes()) {
    if (node.file_nodes.empty()) continue;
    macs[node.file_nodes[0]] += static_cast<double>(node.macs);
    for (const Shape& shape : node.output_shapes) numbers[node.file_nodes[0]] += static_cast<double>(shape.elements());
  }
  std::vector<double> work;
  for (const LayerGroup& layer : layers) {
    double products = 0, made = 0;
    for (const int n : layer.nodes) {
      products += macs[n];
      made += numbers[n];
    }
    work.push_back(std::max(products > 0 ? products : made, 1.0));
  }
  return work;
}

double BitsOf(LayerType type) {
  switch (type) {
    case LayerType::kInt8: return 8 * 8;
    case LayerType::k16x8: return 16 * 8;
    case LayerType::kFloat16: return 32 * 16;
    case LayerType::kFloat32: return 32 * 32;
  }
  return 0;
}

Result<std::vector<std::vector<double>>> ReadCosts(const std::string& text, const std::vector<LayerGroup>& layers,
                                                   const std::vector<double>& work,
                                                   const std::vector<LayerType>& types) {
  std::vector<std::vector<double>> costs(layers.size(), std::vector<double>(types.size(), 0)), own = costs;
  std::istringstream in(text);
  int number = 0;
  for (std::string row; std::getline(in, row);) {
    ++number;
    row.resize(std::min(row.find('#'), row.size()));
    if (row.find_first_not_of(" \t\r") == row.npos) continue;
    const auto place = Cat("line ", number);
    const Result<Line> line = Split(row);
    if (!line.ok()) return line.status().With(place);
    const Result<LayerType> type = ParseLayerType(line->type);
    if (!type.ok()) return type.status().With(place);
    char* end = nullptr;
    const double cost = std::strtod(line->cost.c_str(), &end);
    if (*end != 0 || !std::isfinite(cost) || cost <= 0) {
      return InvalidArgument("'", line->cost, "', must be a number above 0").With(place);
    }
    const auto column = std::find(types.begin(), types.end(), *type);
    bool known = line->layer == "*";
    for (size_t l = 0; l < layers.size(); ++l) {
      const bool named = layers[l].name == line->layer;
      known = known || named;
      if (column == types.end() || (line->layer != "*" && !named)) continue;
      (named ? own : costs)[l][static_cast<size_t>(column - types.begin())] = named ? cost : cost * work[l];
    }
    if (!known) return InvalidArgument("the network has no layer '", line->layer, "'").With(place);
  }
  for (size_t l = 0; l < layers.size(); ++l) {
    for (size_t t = 0; t < types.size(); ++t) {
      if (own[l][t] > 0) costs[l][t] = own[l][t];
      if (costs[l][t] > 0) continue;
      return InvalidArgument("layer '", layers[l].name, "' has no cost as ", LayerTypeName(types[t]));
    }
  }
  return costs;
}

}  // namespace safelight
