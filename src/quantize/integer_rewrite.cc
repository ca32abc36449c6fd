// SPDX-License-Identifier: Apache-2.0
#include "quantize/integer_rewrite.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <string>
#include <tuple>
#include <utility>

#include "quantize/clean_up.h"
#include "quantize/weights.h"

namespace safelight {
namespace {

// Sums of 32 bits must still hold what is added to a bias.
constexpr int64_t kMostNarrowBias = int64_t{1} << 30, kMostWideBias = int64_t{1} << 40;

FileQuantization Quantized(std::vector<float> scales, std::vector<int64_t> zero_points, int axis) {
  FileQuantization quantization;
  quantization.written = true;
  quantization.scales = std::move(scales);
  quantization.zero_points = std::move(zero_points);
  quantization.axis = axis;
  return quantization;
}

class Rewriter {
 public:
  Rewriter(const RewriteTask& task, FileNetwork* network)
      : task_(task), net_(*network), homes_(static_cast<size_t>(net_.num_tensors()), NodeForm::kFloat) {}

  Result<std::vector<int>> Run() {
    FileList<FileNode> before = std::move(net_.main().nodes);
    TakeInputs();
    for (size_t n = 0; n < before.size(); ++n) {
      if (task_.gone[n]) continue;
      node_ = static_cast<int>(n);
      FileNode node = before[n];
      // The op's name is looked up in the list of nodes.
      form_ = task_.forms[n];
      if (form_ != NodeForm::kFloat) {
        SL_TRY(MakeInteger(std::move(node)));
      } else {
        for (int32_t& t : node.inputs) t = AsFloat(t);
        Emit(std::move(node), node_);
      }
    }
    GiveOutputs();
    net_.main().nodes = std::move(nodes_);
    net_.Relink();
    return std::move(origin_);
  }

 private:
  static bool Is16(NodeForm form) { return form == NodeForm::kInt16; }
  bool int16() const { return Is16(form_); }
  // Of inputs and outputs.
  NodeForm edge_form() const {
    const QuantizeType type = task_.options.type;
    if (type == QuantizeType::kInt8FloatIo || type == QuantizeType::kMixed) return NodeForm::kFloat;
    return type == QuantizeType::k16x8 ? NodeForm::kInt16 : NodeForm::kInt8;
  }
  bool float_edges() const { return edge_form() == NodeForm::kFloat; }
  const std::vector<ScaleChoice>& Scales(NodeForm form) const {
    return Is16(form) ? task_.int16_scales : task_.int8_scales;
  }
  const ScaleChoice& ScaleOf(int t, NodeForm form) const { return Scales(form)[static_cast<size_t>(t)]; }
  NodeForm HomeOf(int t) const { return homes_[static_cast<size_t>(t)]; }
  bool IsInteger(int t) const { return HomeOf(t) != NodeForm::kFloat; }

  void Emit(FileNode node, int origin) {
    nodes_.push_back(std::move(node));
    origin_.push_back(origin);
  }

  void SetInteger(int t, NodeForm form, const ScaleChoice& scale) {
    net_.tensor(t).type = Is16(form) ? kFileInt16 : kFileInt8;
    net_.tensor(t).quantization = Quantized({scale.scale}, {scale.zero_point}, 0);
  }

  // A tensor like `t` in another form; `scale` counts for integers.
  int Twin(int t, NodeForm form, const ScaleChoice& scale) {
    FileTensor twin = net_.tensor(t);
    twin.name = FileText(twin.name + (form == NodeForm::kFloat ? "_float" : Is16(form) ? "_int16" : "_int8"));
    twin.type = kFileFloat32;
    twin.quantization = FileQuantization();
    twin.buffer = 0;
    twin.is_variable = false;
    const int added = net_.AddTensor(std::move(twin));
    homes_.resize(static_cast<size_t>(added) + 1, NodeForm::kFloat);
    if (form != NodeForm::kFloat) SetInteger(added, form, scale);
    return added;
  }

  void Convert(const char* op, int version, int from, int to) {
    FileNode node;
    net_.SetOp(&node, op, version);
    node.inputs = FileList<int32_t>({from});
    node.outputs = FileList<int32_t>({to});
    Emit(std::move(node), -1);
  }

  void TakeInputs() {
    const NodeForm form = edge_form();
    for (const int t : net_.main().inputs) {
      if (!net_.is_float(t) || float_edges() || ScaleOf(t, form).scale == 0) continue;
      SetInteger(t, form, ScaleOf(t, form));
      homes_[static_cast<size_t>(t)] = form;
    }
  }

  // Outputs keep their tensors with float edges; else they become integers.
  void GiveOutputs() {
    if (float_edges()) return;
    const NodeForm form = edge_form();
    for (int32_t& t : net_.main().outputs) {
      const bool has_scale = static_cast<size_t>(t) < Scales(form).size() && ScaleOf(t, form).scale > 0;
      if (!net_.is_float(t) || !has_scale) continue;
      const int made = AsInteger(t, form, ScaleOf(t, form));
      for (FileSignature& signature : net_.tree().signatures) {
        for (FileSignature::Port& port : signature.outputs) {
          if (signature.subgraph == 0 && port.tensor == static_cast<uint32_t>(t))
            port.tensor = static_cast<uint32_t>(made);
        }
      }
      t = made;
    }
  }

  int AsFloat(int t) {
    if (t < 0 || !IsInteger(t)) return t;
    int& twin = floats_.emplace(t, -1).first->second;
    if (twin >= 0) return twin;
    twin = Twin(t, NodeForm::kFloat, {});
    Convert("DEQUANTIZE", Is16(HomeOf(t)) ? 3 : 2, t, twin);
    return twin;
  }

  // The value in this form and scale. From integers to integers QUANTIZE rescales.
  int AsInteger(int t, NodeForm form, const ScaleChoice& scale) {
    if (net_.is_constant(t)) return Constant(t, form, scale);
    if (HomeOf(t) == form && ScaleOf(t, form) == scale) return t;
    int& twin = integers_.emplace(std::make_tuple(t, form, scale.scale, scale.zero_point), -1).first->second;
    if (twin >= 0) return twin;
    twin = Twin(t, form, scale);
    Convert("QUANTIZE", Is16(form) || Is16(HomeOf(t)) ? 2 : 1, t, twin);
    return twin;
  }

  int Constant(int t, NodeForm form, const ScaleChoice& scale) {
    const std::vector<float> floats = net_.Floats(t);
    const bool words16 = Is16(form);
    const double low = words16 ? -32768 : -128, high = words16 ? 32767 : 127;
    std::vector<int16_t> words;
    for (const float x : floats) {
      const double stored =
          std::round(static_cast<double>(x) / static_cast<double>(scale.scale)) + static_cast<double>(scale.zero_point);
      words.push_back(static_cast<int16_t>(std::clamp(stored, low, high)));
    }
    const std::vector<int8_t> bytes(words.begin(), words.end());
    const std::vector<int32_t> shape = net_.tensor(t).shape;
    const int made = net_.AddConstant(
        net_.tensor(t).name, words16 ? kFileInt16 : kFileInt8, shape,
        words16 ? std::as_bytes(std::span<const int16_t>(words)) : std::as_bytes(std::span<const int8_t>(bytes)));
    net_.tensor(made).quantization = Quantized({scale.scale}, {scale.zero_point}, 0);
    homes_.resize(static_cast<size_t>(made) + 1, NodeForm::kFloat);
    return made;
  }

  // The scale of a constant operand that has its own: what its elements need; slopes of PRELU without a zero point.
  ScaleChoice ScaleOfConstant(int t, bool symmetric) const {
    const std::vector<float> floats = net_.Floats(t);
    double low = 0, high = 0;
    for (const float x : floats) {
      low = std::min(low, static_cast<double>(x));
      high = std::max(high, static_cast<double>(x));
    }
    if (!symmetric) return ScaleForRange(low, high, int16());
    const double most = std::max(-low, high);
    return {static_cast<float>(most > 0 ? most / 127 : 1), 0};
  }

  Status MakeInteger(FileNode node) {
    const std::string name = OpName(node);
    const IntegerOp& op = *FindIntegerOp(name);
    const WeightedOp* weighted = FindWeightedOp(name);
    const ScaleChoice out = op.kind == IntegerKind::kIndices ? ScaleChoice() : ScaleOf(node.outputs[0], form_);
    const int data = weighted == nullptr ? -1 : node.inputs[static_cast<size_t>(weighted->data)];
    float in_scale = 0;
    for (const int i : ValueInputsOf(node, weighted)) {
      int32_t& t = node.inputs[static_cast<size_t>(i)];
      ScaleChoice scale;
      if (op.kind == IntegerKind::kSame) {
        scale = out;
      } else if (net_.is_constant(t)) {
        scale = ScaleOfConstant(t, name == "PRELU");
      } else {
        scale = ScaleOf(t, form_);
      }
      if (!(scale.scale > 0)) return InvalidArgument("'", net_.tensor(t).name, "' has no range");
      t = AsInteger(t, form_, scale);
      in_scale = scale.scale;
    }
    if (weighted != nullptr) MakeWeights(*weighted, data, in_scale, &node);
    SetOptions(name, &node);
    const int version = std::max(VersionOf(node), int16() ? op.int16_version : op.int8_version);
    net_.SetOp(&node, name, weighted == nullptr ? version : WeightedVersion(name, *weighted, version));
    std::vector<std::pair<int, int>> to_float;
    for (int32_t& t : node.outputs) {
      if (!net_.is_float(t)) continue;
      const ScaleChoice scale = ScaleOf(t, form_);
      if (net_.is_output(t) && float_edges()) {
        const int kept = t;
        t = Twin(kept, form_, scale);
        to_float.emplace_back(t, kept);
        integers_[std::make_tuple(kept, form_, scale.scale, scale.zero_point)] = t;
        continue;
      }
      SetInteger(t, form_, scale);
      homes_[static_cast<size_t>(t)] = form_;
    }
    Emit(std::move(node), node_);
    for (const auto& [from, to] : to_float) Convert("DEQUANTIZE", int16() ? 3 : 2, from, to);
    return {};
  }

  std::string OpName(const FileNode& node) {
    net_.main().nodes = FileList<FileNode>({node});
    return net_.Op(0);
  }
  int VersionOf(const FileNode& node) { return net_.tree().op_codes[node.op_code].version; }

  std::vector<int> ValueInputsOf(const FileNode& node, const WeightedOp* weighted) const {
    if (weighted != nullptr) return {weighted->data};
    std::vector<int> values;
    for (size_t i = 0; i < node.inputs.size(); ++i) {
      const int t = node.inputs[i];
      // Integers by now, but floats in the network that was.
      if (t >= 0 && (net_.is_float(t) || IsInteger(t))) values.push_back(static_cast<int>(i));
    }
    return values;
  }

  bool WideBias(const WeightedOp& op) const { return int16() && (!task_.options.narrow_bias || op.bias_type_slot < 0); }

  void SetOptions(const std::string& name, FileNode* node) const {
    // Without this ADD and SUB of int16 want scales that are powers of two.
    if (int16() && (name == "ADD" || name == "SUB")) node->options.SetInt(1, 'b', 0);
  }

  int WeightedVersion(const std::string& name, const WeightedOp& op, int version) const {
    if (!int16() || op.bias_type_slot < 0) return version;
    return std::max(version, name == "CONV_2D" ? 8 : name == "TRANSPOSE_CONV" ? 5 : 11);
  }

  // `data`: the layer's operand as it was.
  void MakeWeights(const WeightedOp& op, int data, float in_scale, FileNode* node) {
    const int weights = node->inputs[static_cast<size_t>(op.weights)];
    const auto bias_place = static_cast<size_t>(op.bias);
    const int bias = node->inputs.size() > bias_place ? node->inputs[bias_place] : -1;
    const std::vector<int32_t> shape = net_.tensor(weights).shape;
    const std::vector<float> w = net_.Floats(weights), b = bias < 0 ? std::vector<float>() : net_.Floats(bias);
    const bool wide = WideBias(op);
    const std::vector<double> means = task_.calibration.MeansOfTensor(data);
    WeightsTask weights_task{w,
                             b,
                             shape[static_cast<size_t>(op.axis)],
                             op.axis != 0,
                             static_cast<size_t>(shape.back()),
                             in_scale,
                             wide ? kMostWideBias : kMostNarrowBias,
                             means,
                             task_.moments == nullptr ? nullptr : task_.moments->OfNode(node_)};
    const IntegerWeights made = QuantizeWeights(weights_task);
    const int new_weights = net_.AddConstant(net_.tensor(weights).name, kFileInt8, shape,
                                             std::as_bytes(std::span<const int8_t>(made.weights)));
    const size_t scales = made.scales.size();
    net_.tensor(new_weights).quantization = Quantized(made.scales, std::vector<int64_t>(scales, 0), op.axis);
    node->inputs[static_cast<size_t>(op.weights)] = new_weights;
    if (bias >= 0) node->inputs[bias_place] = AddBias(net_.tensor(bias).name, made, in_scale, wide);
    if (int16() && op.bias_type_slot >= 0) {
      node->options.SetInt(op.bias_type_slot, 'b', wide ? kFileInt64 : kFileInt32);
    }
    homes_.resize(static_cast<size_t>(net_.num_tensors()), NodeForm::kFloat);
  }

  int AddBias(const std::string& name, const IntegerWeights& made, float in_scale, bool wide) {
    const std::vector<int32_t> narrow(made.bias.begin(), made.bias.end());
    const int bias = net_.AddConstant(
        name, wide ? kFileInt64 : kFileInt32, {static_cast<int32_t>(made.bias.size())},
        wide ? std::as_bytes(std::span<const int64_t>(made.bias)) : std::as_bytes(std::span<const int32_t>(narrow)));
    std::vector<float> scales;
    for (const float scale : made.scales) scales.push_back(in_scale * scale);
    const size_t count = scales.size();
    net_.tensor(bias).quantization = Quantized(std::move(scales), std::vector<int64_t>(count, 0), 0);
    return bias;
  }

  const RewriteTask& task_;
  FileNetwork& net_;
  std::vector<NodeForm> homes_;                                        // by tensor
  std::map<int, int> floats_;                                          // float twins of integers
  std::map<std::tuple<int, NodeForm, float, int64_t>, int> integers_;  // twins in a form and scale
  FileList<FileNode> nodes_;
  std::vector<int> origin_;
  int node_ = 0;
  NodeForm form_ = NodeForm::kFloat;  // of the node at hand
};

}  // namespace

Result<std::vector<int>> RewriteIntegers(const RewriteTask& task, FileNetwork* network) {
  return Rewriter(task, network).Run();
}

}  // namespace safelight
