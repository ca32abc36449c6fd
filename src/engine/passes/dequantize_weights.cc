// SPDX-License-Identifier: Apache-2.0
//
// Integer weights of ops whose values are float32 become float32, once: nothing then waits for the range of its input,
// and the passes for float networks apply. Nearer to the network that was quantized than what LiteRT makes of it, and
// not the same.
#include "engine/passes/passes.h"
#include "graph/op_def.h"
#include "ops/support/int_sums.h"

namespace safelight {
namespace {

bool IsQuantizedConstant(const Value& value) {
  const bool bytes = value.dtype == DType::kInt8 || value.dtype == DType::kUInt8 || value.dtype == DType::kInt4;
  return bytes && value.is_constant() && !value.quant.empty();
}

Status Dequantize(const Value& value, Tensor* floats) {
  const QuantParams& quant = value.quant;
  const int64_t scales = static_cast<int64_t>(quant.scales.size());
  const bool one = scales == 1;
  if (!one && quant.axis >= value.shape.rank()) {
    return InvalidArgument("'", value.name, "' has scales along axis ", quant.axis, " of shape ",
                           value.shape.ToString());
  }
  SL_TRY(CheckWeightScales(value, quant.axis, one ? 1 : value.shape[quant.axis]));
  *floats = Tensor(DType::kFloat32, value.shape);
  const int64_t inner = one ? 1 : value.shape.Product(quant.axis + 1, value.shape.rank());
  for (int64_t i = 0; i < value.shape.elements(); ++i) {
    const size_t c = one ? 0 : static_cast<size_t>(i / inner % scales);
    const double stored = static_cast<double>(StoredAt(value.dtype, value.constant, i));
    floats->data<float>()[i] =
        static_cast<float>(static_cast<double>(quant.scales[c]) * (stored - static_cast<double>(quant.zero_points[c])));
  }
  return {};
}

}  // namespace

Status DequantizeWeights(Graph& graph, std::vector<std::string>* notes) {
  int changed = 0;
  for (Node& node : graph.nodes) {
    if (node.inputs[0] == kNone || node.outputs.empty()) continue;
    const bool floats =
        graph.values[node.inputs[0]].dtype == DType::kFloat32 && graph.values[node.outputs[0]].dtype == DType::kFloat32;
    if (!floats) continue;
    bool any = false;
    for (size_t i = 1; i < node.inputs.size(); ++i) {
      if (node.inputs[i] == kNone || !IsQuantizedConstant(graph.values[node.inputs[i]])) continue;
      Tensor tensor;
      const Value value = graph.values[node.inputs[i]];
      SL_TRY(Dequantize(value, &tensor).With(NodeLabel(graph, node)));
      node.inputs[i] = graph.AddConstant(value.name, std::move(tensor));
      any = true;
    }
    changed += any ? 1 : 0;
  }
  if (changed > 0) {
    notes->push_back(Cat("integer weights of ", changed, " ops with float values became float32 (fast arithmetic)"));
  }
  return {};
}

}  // namespace safelight
