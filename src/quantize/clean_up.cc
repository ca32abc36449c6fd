// SPDX-License-Identifier: Apache-2.0
#include "quantize/clean_up.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <iterator>
#include <optional>

#include "base/half.h"

namespace safelight {
namespace {

constexpr WeightedOp kWeightedOps[] = {
    {"CONV_2D", 0, 1, 2, 0, 3, 6},
    {"DEPTHWISE_CONV_2D", 0, 1, 2, 3, 4, -1},
    {"TRANSPOSE_CONV", 2, 1, 3, 0, 3, 4},
    {"FULLY_CONNECTED", 0, 1, 2, 0, 0, 4},
};
constexpr std::string_view kMovingOps[] = {
    "DEPTH_TO_SPACE", "SPACE_TO_DEPTH", "RESHAPE", "TRANSPOSE",         "SQUEEZE",
    "EXPAND_DIMS",    "SLICE",          "GATHER",  "STRIDED_SLICE",     "RESIZE_NEAREST_NEIGHBOR",
    "REVERSE_V2",     "TILE",           "COPY",    "BATCH_TO_SPACE_ND",
};
constexpr int kRelu = 1, kReluN1To1 = 2, kRelu6 = 3;
constexpr int kMulOptions = 21;  // in BuiltinOptions

bool NamedConstant(const FileNetwork& network, int t) { return network.is_float(t) && network.is_constant(t); }

// DEQUANTIZE of a float16 constant is the constant as float32.
void FoldHalves(FileNetwork* network, std::vector<bool>* gone) {
  for (int n = 0; n < network->num_nodes(); ++n) {
    if (network->Op(n) != "DEQUANTIZE") continue;
    const int in = network->node(n).inputs[0], out = network->node(n).outputs[0];
    if (network->tensor(in).type != kFileFloat16 || !network->is_constant(in)) continue;
    const std::span<const std::byte> halves = network->Bytes(in);
    std::vector<float> floats(halves.size() / 2);
    for (size_t i = 0; i < floats.size(); ++i) {
      uint16_t half = 0;
      std::memcpy(&half, halves.data() + 2 * i, 2);
      floats[i] = HalfToFloat(half);
    }
    network->tensor(out).buffer = network->tree().AddBuffer(std::as_bytes(std::span<const float>(floats)));
    network->tensor(out).shape = network->tensor(in).shape;
    (*gone)[static_cast<size_t>(n)] = true;
  }
}

// result = scale * data + shift, by channel.
struct Affine {
  int data = -1;
  std::vector<float> scale, shift;
};

// A constant as one number for each channel; empty where it is something else.
std::vector<float> ByChannel(const FileNetwork& network, int t, int64_t channels) {
  if (!NamedConstant(network, t)) return {};
  std::vector<float> numbers = network.Floats(t);
  const FileList<int32_t>& shape = network.tensor(t).shape;
  if (numbers.size() == 1) return std::vector<float>(static_cast<size_t>(channels), numbers[0]);
  if (static_cast<int64_t>(numbers.size()) != channels || shape.empty() || shape.back() != channels) return {};
  return numbers;
}

std::optional<Affine> AffineOf(const FileNetwork& network, int n) {
  const std::string op = network.Op(n);
  const bool mul = op == "MUL", add = op == "ADD", sub = op == "SUB";
  if ((!mul && !add && !sub) || network.node(n).options.Int(0, 0) != 0) return std::nullopt;
  const FileNode& node = network.node(n);
  for (const int data : {0, 1}) {
    const int value = node.inputs[static_cast<size_t>(data)];
    if (!network.is_float(value) || network.is_constant(value) || network.tensor(value).shape.size() < 2) continue;
    const int64_t channels = network.tensor(value).shape.back();
    if (network.tensor(node.outputs[0]).shape.back() != channels) continue;
    const std::vector<float> numbers = ByChannel(network, node.inputs[static_cast<size_t>(1 - data)], channels);
    if (numbers.empty()) continue;
    Affine affine{value, std::vector<float>(numbers.size(), 1), std::vector<float>(numbers.size(), 0)};
    if (mul) affine.scale = numbers;
    if (add || sub) affine.shift = numbers;
    if (sub && data == 0) std::transform(numbers.begin(), numbers.end(), affine.shift.begin(), std::negate<float>());
    if (sub && data == 1) std::fill(affine.scale.begin(), affine.scale.end(), -1.0f);
    return affine;
  }
  return std::nullopt;
}

// The layer's weights and bias become those of scale * result + shift.
void FoldInto(FileNetwork* network, int layer, const WeightedOp& op, const Affine& affine) {
  const FileNode node = network->node(layer);
  const int weights = node.inputs[static_cast<size_t>(op.weights)];
  std::vector<float> w = network->Floats(weights);
  const FileList<int32_t> shape = network->tensor(weights).shape;
  const size_t channels = affine.scale.size();
  // The channel is the outermost or the innermost axis.
  const size_t inner = op.axis == 0 ? w.size() / channels : 1;
  for (size_t i = 0; i < w.size(); ++i) w[i] *= affine.scale[i / inner % channels];
  std::vector<float> b(channels, 0);
  std::string bias_name = network->tensor(node.outputs[0]).name + "/bias";
  const bool has_bias =
      static_cast<int>(node.inputs.size()) > op.bias && node.inputs[static_cast<size_t>(op.bias)] >= 0;
  if (has_bias) {
    b = network->Floats(node.inputs[static_cast<size_t>(op.bias)]);
    bias_name = network->tensor(node.inputs[static_cast<size_t>(op.bias)]).name;
  }
  for (size_t c = 0; c < channels; ++c) b[c] = b[c] * affine.scale[c] + affine.shift[c];
  const std::string name = network->tensor(weights).name;
  const int new_weights = network->AddFloats(name, shape, w);
  const int new_bias = network->AddFloats(bias_name, {static_cast<int32_t>(channels)}, b);
  FileNode& changed = network->node(layer);
  changed.inputs.resize(std::max(changed.inputs.size(), static_cast<size_t>(op.bias) + 1), -1);
  changed.inputs[static_cast<size_t>(op.weights)] = new_weights;
  changed.inputs[static_cast<size_t>(op.bias)] = new_bias;
}

bool HasConstantWeights(const FileNetwork& network, int n, const WeightedOp& op) {
  const FileList<int32_t>& inputs = network.node(n).inputs;
  if (!NamedConstant(network, inputs[static_cast<size_t>(op.weights)])) return false;
  const bool has_bias = static_cast<int>(inputs.size()) > op.bias && inputs[static_cast<size_t>(op.bias)] >= 0;
  return !has_bias || NamedConstant(network, inputs[static_cast<size_t>(op.bias)]);
}

bool FoldScales(FileNetwork* network, std::vector<bool>* gone, int* folded) {
  for (int n = 0; n < network->num_nodes(); ++n) {
    if ((*gone)[static_cast<size_t>(n)]) continue;
    const std::optional<Affine> affine = AffineOf(*network, n);
    const int layer = affine.has_value() ? network->SoleProducer(affine->data) : -1;
    const WeightedOp* op = layer < 0 ? nullptr : FindWeightedOp(network->Op(layer));
    if (op == nullptr || network->node(layer).options.Int(op->activation_slot, 0) != 0) continue;
    if (!HasConstantWeights(*network, layer, *op)) continue;
    FoldInto(network, layer, *op, *affine);
    network->node(layer).outputs[0] = network->node(n).outputs[0];
    (*gone)[static_cast<size_t>(n)] = true;
    network->node(n) = FileNode();
    network->Relink();
    ++*folded;
    return true;
  }
  return false;
}

int FusedActivation(const std::string& op) {
  if (op == "RELU") return kRelu;
  if (op == "RELU6") return kRelu6;
  return op == "RELU_N1_TO_1" ? kReluN1To1 : 0;
}

// The op that can limit its own result, from which `t` comes through moves alone; -1: none.
int LimitingProducer(const FileNetwork& network, int t) {
  int producer = network.SoleProducer(t);
  while (producer >= 0 && OnlyMoves(network.Op(producer))) {
    producer = network.SoleProducer(network.node(producer).inputs[0]);
  }
  return producer >= 0 && ActivationSlot(network.Op(producer)) >= 0 ? producer : -1;
}

bool FuseActivation(FileNetwork* network, std::vector<bool>* gone) {
  for (int n = 0; n < network->num_nodes(); ++n) {
    const int activation = (*gone)[static_cast<size_t>(n)] ? 0 : FusedActivation(network->Op(n));
    if (activation == 0 || !network->is_float(network->node(n).inputs[0])) continue;
    const int in = network->node(n).inputs[0], out = network->node(n).outputs[0];
    const int producer = LimitingProducer(*network, in);
    if (producer < 0) continue;
    FileOptions& options = network->node(producer).options;
    const int slot = ActivationSlot(network->Op(producer));
    if (options.Int(slot, 0) != 0 || !options.written) continue;
    options.SetInt(slot, 'b', activation);
    // Values on the way are limited from now on; they are others than those of the same name before.
    for (int t = in; network->producer(t) != producer; t = network->node(network->producer(t)).inputs[0]) {
      const int before = network->node(network->producer(t)).inputs[0];
      network->tensor(before).name += "/limited";
    }
    network->node(network->producer(in)).outputs[0] = out;
    (*gone)[static_cast<size_t>(n)] = true;
    network->node(n) = FileNode();
    network->Relink();
    return true;
  }
  return false;
}

// SQUARE, NEG and DIV by a constant have no integer form, but MUL has.
int MakeProducts(FileNetwork* network) {
  int made = 0;
  for (int n = 0; n < network->num_nodes(); ++n) {
    FileNode& node = network->node(n);
    if (node.inputs.empty() || !network->is_float(node.inputs[0])) continue;
    const std::string op = network->Op(n);
    const int32_t x = node.inputs[0];
    int32_t other = -1;
    if (op == "SQUARE") other = x;
    if (op == "NEG") other = network->AddFloats("minus_one", {}, std::vector<float>{-1});
    if (op == "DIV" && NamedConstant(*network, node.inputs[1]) && !network->is_constant(x)) {
      std::vector<float> numbers = network->Floats(node.inputs[1]);
      if (std::find(numbers.begin(), numbers.end(), 0.0f) != numbers.end()) continue;
      for (float& number : numbers) number = 1 / number;
      const std::vector<int32_t> shape = network->tensor(node.inputs[1]).shape;
      other = network->AddFloats(network->tensor(node.inputs[1]).name + "_inverse", shape, numbers);
    }
    if (other < 0) continue;
    const int64_t activation = op == "DIV" ? node.options.Int(0, 0) : 0;
    node.inputs = FileList<int32_t>({x, other});
    node.options = FileOptions();
    node.options.type = kMulOptions;
    node.options.SetInt(0, 'b', activation);
    network->SetOp(&node, "MUL", 1);
    ++made;
  }
  network->Relink();
  return made;
}

bool IsIntegerType(int type) {
  return type == kFileInt8 || type == kFileUint8 || type == kFileInt16 || type == kFileInt4;
}

}  // namespace

const WeightedOp* FindWeightedOp(std::string_view op) {
  const auto* found =
      std::find_if(std::begin(kWeightedOps), std::end(kWeightedOps), [&](const WeightedOp& w) { return op == w.name; });
  return found == std::end(kWeightedOps) ? nullptr : found;
}

int ActivationSlot(std::string_view op) {
  if (const WeightedOp* weighted = FindWeightedOp(op)) return weighted->activation_slot;
  return op == "ADD" || op == "SUB" || op == "MUL" ? 0 : -1;
}

bool OnlyMoves(std::string_view op) {
  return std::find(std::begin(kMovingOps), std::end(kMovingOps), op) != std::end(kMovingOps);
}

Status CheckFloatNetwork(const FileNetwork& network) {
  for (int t = 0; t < network.num_tensors(); ++t) {
    const FileTensor& tensor = network.tensor(t);
    if (IsIntegerType(tensor.type) && !tensor.quantization.scales.empty()) {
      return InvalidArgument("'", tensor.name, "' has a scale: the network is quantized already, its float version is ",
                             "needed");
    }
    if (!NamedConstant(network, t)) continue;
    const std::vector<float> floats = network.Floats(t);
    for (size_t i = 0; i < floats.size(); ++i) {
      if (!std::isnan(floats[i])) continue;
      return InvalidArgument("constant '", tensor.name, "': element ", i, " is not a number");
    }
  }
  return {};
}

Status CleanUp(FileNetwork* network, std::vector<std::string>* notes) {
  std::vector<bool> gone(network->main().nodes.size(), false);
  FoldHalves(network, &gone);
  for (size_t n = 0; n < gone.size(); ++n) {
    if (gone[n]) network->node(static_cast<int>(n)) = FileNode();
  }
  network->Relink();
  const int products = MakeProducts(network);
  int folded = 0, fused = 0;
  while (FoldScales(network, &gone, &folded)) {
  }
  while (FuseActivation(network, &gone)) ++fused;
  // A layer may have lost what stood between it and a scale.
  while (FoldScales(network, &gone, &folded)) {
  }
  network->Sweep(gone);
  if (products > 0) notes->push_back(Cat("squares, negations and quotients that became products: ", products));
  if (folded > 0) notes->push_back(Cat("constant scales and shifts that went into the weights before them: ", folded));
  if (fused > 0) notes->push_back(Cat("activations that went into the op before them: ", fused));
  return {};
}

}  // namespace safelight
