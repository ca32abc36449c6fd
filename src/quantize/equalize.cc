// SPDX-License-Identifier: Apache-2.0
//
// Cross-layer equalization: channel c of a layer divided by s and the weights that the next layer has for it multiplied
// by s compute the same, as long as nothing but RELU lies between. s makes the largest weights of both alike.
#include <algorithm>
#include <cmath>
#include <vector>

#include "quantize/clean_up.h"

namespace safelight {
namespace {

constexpr int kRelu = 1;
constexpr int kSweeps = 20;
constexpr double kSettled = 0.01;

struct Pair {
  int first, second;  // nodes
};

bool HasFloatWeights(const FileNetwork& network, int n, const WeightedOp& op) {
  const FileNode& node = network.node(n);
  const auto constant = [&](int place) {
    const auto i = static_cast<size_t>(place);
    if (i >= node.inputs.size() || node.inputs[i] < 0) return place == op.bias;
    return network.is_float(node.inputs[i]) && network.is_constant(node.inputs[i]);
  };
  return constant(op.weights) && constant(op.bias);
}

std::vector<Pair> FindPairs(const FileNetwork& network) {
  std::vector<Pair> pairs;
  for (int n = 0; n < network.num_nodes(); ++n) {
    const std::string name = network.Op(n);
    const WeightedOp* second = name == "CONV_2D" || name == "DEPTHWISE_CONV_2D" ? FindWeightedOp(name) : nullptr;
    if (second == nullptr || !HasFloatWeights(network, n, *second)) continue;
    const int between = network.node(n).inputs[static_cast<size_t>(second->data)];
    const int m = network.SoleProducer(between);
    const WeightedOp* first = m < 0 ? nullptr : FindWeightedOp(network.Op(m));
    if (first == nullptr || !HasFloatWeights(network, m, *first)) continue;
    const int64_t activation = network.node(m).options.Int(first->activation_slot, 0);
    const int weights = network.node(n).inputs[static_cast<size_t>(second->weights)];
    const int32_t channels = network.tensor(between).shape.empty() ? 0 : network.tensor(between).shape.back();
    // Neither groups nor several results of one channel.
    if (activation <= kRelu && channels > 0 && network.tensor(weights).shape.back() == channels) {
      pairs.push_back({m, n});
    }
  }
  return pairs;
}

class Equalizer {
 public:
  Equalizer(FileNetwork* network, const Pair& pair) : net_(*network) {
    const WeightedOp& first = *FindWeightedOp(net_.Op(pair.first));
    const WeightedOp& second = *FindWeightedOp(net_.Op(pair.second));
    first_innermost_ = first.axis != 0;
    first_ = net_.node(pair.first).inputs[static_cast<size_t>(first.weights)];
    second_ = net_.node(pair.second).inputs[static_cast<size_t>(second.weights)];
    const FileList<int32_t>& inputs = net_.node(pair.first).inputs;
    if (inputs.size() > static_cast<size_t>(first.bias)) bias_ = inputs[static_cast<size_t>(first.bias)];
    channels_ = static_cast<size_t>(net_.tensor(second_).shape.back());
  }

  // The largest factor by which a channel changed.
  double Run() {
    std::vector<float> first = net_.Floats(first_), second = net_.Floats(second_);
    const size_t per_channel = first_innermost_ ? 1 : first.size() / channels_;
    std::vector<double> a(channels_, 0), b(channels_, 0);
    for (size_t i = 0; i < first.size(); ++i) {
      double& most = a[i / per_channel % channels_];
      most = std::max(most, std::abs(static_cast<double>(first[i])));
    }
    for (size_t i = 0; i < second.size(); ++i) {
      b[i % channels_] = std::max(b[i % channels_], std::abs(static_cast<double>(second[i])));
    }
    std::vector<float> s(channels_, 1);
    double change = 1;
    for (size_t c = 0; c < channels_; ++c) {
      if (a[c] == 0 || b[c] == 0) continue;
      s[c] = static_cast<float>(std::clamp(std::sqrt(a[c] / b[c]), 1e-4, 1e4));
      change = std::max({change, static_cast<double>(s[c]), 1 / static_cast<double>(s[c])});
    }
    for (size_t i = 0; i < first.size(); ++i) first[i] /= s[i / per_channel % channels_];
    for (size_t i = 0; i < second.size(); ++i) second[i] *= s[i % channels_];
    Store(first_, first);
    Store(second_, second);
    if (bias_ >= 0) {
      std::vector<float> bias = net_.Floats(bias_);
      for (size_t c = 0; c < channels_; ++c) bias[c] /= s[c];
      Store(bias_, bias);
    }
    return change;
  }

 private:
  void Store(int t, const std::vector<float>& floats) {
    net_.tensor(t).buffer = net_.tree().AddBuffer(std::as_bytes(std::span<const float>(floats)));
  }

  FileNetwork& net_;
  bool first_innermost_ = false;
  int first_ = -1, second_ = -1, bias_ = -1;
  size_t channels_ = 0;
};

// Weights that several layers read are theirs alone from now on.
void OwnConstants(FileNetwork* network, const std::vector<Pair>& pairs) {
  for (const Pair& pair : pairs) {
    for (const int n : {pair.first, pair.second}) {
      for (int32_t& t : network->node(n).inputs) {
        if (t < 0 || !network->is_float(t) || !network->is_constant(t)) continue;
        if (t < static_cast<int>(network->main().tensors.size()) && network->readers(t) <= 1) continue;
        const std::vector<float> floats = network->Floats(t);
        const std::vector<int32_t> shape = network->tensor(t).shape;
        t = network->AddFloats(network->tensor(t).name, shape, floats);
        network->Relink();
      }
    }
  }
}

}  // namespace

Status EqualizeLayers(FileNetwork* network, std::vector<std::string>* notes) {
  const std::vector<Pair> pairs = FindPairs(*network);
  OwnConstants(network, pairs);
  for (int sweep = 0; sweep < kSweeps; ++sweep) {
    double change = 1;
    for (const Pair& pair : pairs) change = std::max(change, Equalizer(network, pair).Run());
    if (change < 1 + kSettled) break;
  }
  network->Sweep(std::vector<bool>(network->main().nodes.size(), false));
  notes->push_back(Cat("pairs of neighbouring layers that were equalized: ", pairs.size()));
  return {};
}

}  // namespace safelight
