// SPDX-License-Identifier: Apache-2.0
#include "quantize/small_weights.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/half.h"
#include "quantize/clean_up.h"
#include "quantize/weights.h"

namespace safelight {
namespace {

constexpr float kMostHalf = 65504;
// Below this the integers save less than they cost.
constexpr size_t kFewestWeights = 1024;
constexpr int kAsymmetricInputsSlot = 3;  // of FULLY_CONNECTED's options

// TFLite's dynamic-range kernels, and the version of the op that has them.
int DynamicVersion(const std::string& op) {
  if (op == "CONV_2D") return 5;
  if (op == "DEPTHWISE_CONV_2D") return 6;
  return op == "FULLY_CONNECTED" ? 9 : 0;
}

}  // namespace

void StoreHalves(FileNetwork* network, std::vector<std::string>* notes) {
  std::vector<bool> is_read(static_cast<size_t>(network->num_tensors()), false);
  for (int n = 0; n < network->num_nodes(); ++n) {
    for (const int t : network->node(n).inputs) {
      if (t >= 0) is_read[static_cast<size_t>(t)] = true;
    }
  }
  StoreHalves(is_read, network, notes);
  network->Sweep(std::vector<bool>(network->main().nodes.size(), false));
}

size_t StoreHalves(const std::vector<bool>& wanted, FileNetwork* network, std::vector<std::string>* notes) {
  FileList<FileNode> converters;
  for (size_t i = 0; i < wanted.size(); ++i) {
    const int t = static_cast<int>(i);
    if (!wanted[i] || !network->is_float(t) || !network->is_constant(t)) continue;
    const std::vector<float> floats = network->Floats(t);
    if (std::any_of(floats.begin(), floats.end(), [](float x) { return !(std::abs(x) <= kMostHalf); })) {
      notes->push_back(Cat("constant '", network->tensor(t).name, "' stays float32: it has numbers beyond 65504"));
      continue;
    }
    std::vector<uint16_t> halves;
    for (const float x : floats) halves.push_back(FloatToHalf(x));
    const std::vector<int32_t> shape = network->tensor(t).shape;
    const int half = network->AddConstant(network->tensor(t).name + "_float16", kFileFloat16, shape,
                                          std::as_bytes(std::span<const uint16_t>(halves)));
    network->tensor(t).buffer = 0;
    FileNode node;
    network->SetOp(&node, "DEQUANTIZE", 3);
    node.inputs = FileList<int32_t>({half});
    node.outputs = FileList<int32_t>({t});
    converters.push_back(std::move(node));
  }
  FileList<FileNode>& nodes = network->main().nodes;
  nodes.insert(nodes.begin(), converters.begin(), converters.end());
  return converters.size();
}

Status StoreDynamicWeights(FileNetwork* network, std::vector<std::string>* notes) {
  int changed = 0;
  for (int n = 0; n < network->num_nodes(); ++n) {
    const std::string op = network->Op(n);
    const WeightedOp* weighted = FindWeightedOp(op);
    if (weighted == nullptr) continue;
    const int weights = network->node(n).inputs[static_cast<size_t>(weighted->weights)];
    if (!network->is_float(weights) || !network->is_constant(weights)) continue;
    const std::vector<float> floats = network->Floats(weights);
    const int version = DynamicVersion(op);
    if (version == 0 || floats.size() < kFewestWeights) {
      const char* why = version == 0 ? "TFLite has no dynamic-range kernel for this op" : "it has few weights";
      notes->push_back(Cat(network->Label(n, n), " keeps float weights: ", why));
      continue;
    }
    const std::vector<int32_t> shape = network->tensor(weights).shape;
    const bool one_scale = op == "FULLY_CONNECTED";
    WeightsTask task;
    task.weights = floats;
    task.channels = one_scale ? 1 : shape[static_cast<size_t>(weighted->axis)];
    task.innermost = weighted->axis != 0;
    const IntegerWeights made = QuantizeWeights(task);
    const int stored = network->AddConstant(network->tensor(weights).name, kFileInt8, shape,
                                            std::as_bytes(std::span<const int8_t>(made.weights)));
    FileQuantization& quantization = network->tensor(stored).quantization;
    quantization.written = true;
    quantization.scales = FileList<float>(made.scales);
    quantization.zero_points = FileList<int64_t>(std::vector<int64_t>(made.scales.size(), 0));
    quantization.axis = one_scale ? 0 : weighted->axis;
    FileNode& node = network->node(n);
    node.inputs[static_cast<size_t>(weighted->weights)] = stored;
    if (one_scale) node.options.SetInt(kAsymmetricInputsSlot, 'b', 1);
    network->SetOp(&node, op, version);
    ++changed;
  }
  network->Sweep(std::vector<bool>(network->main().nodes.size(), false));
  if (changed > 0) return {};
  return Unsupported("no layer has ", kFewestWeights, " weights or more of a kind that TFLite runs in dynamic range");
}

}  // namespace safelight
