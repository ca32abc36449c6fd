// SPDX-License-Identifier: Apache-2.0
//
// Dynamic range: float values meet integer weights. The values become integers of 8 bits by the range that they turn
// out to have at run time, sums are integers, results float32, as in LiteRT's "hybrid" kernels.
//
// Ranges are those of a whole batch item (convolutions) or of a row (FULLY_CONNECTED). Quantized values are stored as
// int16 with their zero point taken off.
#pragma once

#include <memory>

#include "graph/op_def.h"
#include "kernels/dynamic.h"
#include "ops/support/spatial.h"

namespace safelight {

// How values from `low` to `high` become integers, and what one step of these is.
struct DynamicRange {
  kernels::DynamicValues values;
  float step = 1;
};
// Symmetric: -127 to 127 around 0. Else -128 to 127, with a zero point.
DynamicRange MakeDynamicRange(float low, float high, bool symmetric);

// Weights of 8 or 4 bits with scales. Their values are checked by CheckDynamicWeights.
bool IsDynamic(const OpContext& context);
// Constant; one scale, or one for each channel along `axis`; zero points 0. The error names the tensor.
Status CheckDynamicWeights(const Value& weights, int axis);
Status CheckDynamicBias(const OpContext& context, int input);
// One scale for each channel.
std::vector<float> DynamicScales(const Value& weights, int64_t channels);
// LiteRT's rule: convolutions with the same scale for all channels, without groups, quantize symmetrically.
bool IsSymmetricDynamic(const OpContext& context, bool depthwise);

// Options of the node that quantizes values by their range (inputs: values, lowest and highest by batch item).
struct DynamicQuantizeAttrs : OpAttrs {
  bool symmetric = false;
};

// Convolutions of quantized values: inputs are these, weights, lowest and highest by batch item, and a bias.
template <bool depthwise>
Status InferDynamicConv(InferContext& context);
template <bool depthwise>
std::vector<AxisRule> DynamicConvAxes(const OpContext& context, int out_axis);
template <bool depthwise>
Cost DynamicConvCost(const OpContext& context);
template <bool depthwise>
Status DynamicConvReference(const OpContext& context, std::span<const ConstTensorView> inputs,
                            std::span<const TensorView> outputs);
template <bool depthwise>
Result<std::unique_ptr<Kernel>> PrepareDynamicConv(const OpContext& context, const PrepareOptions& options);

template <bool depthwise>
constexpr OpDef DynamicConvOp(const char* name) {
  return {
      .name = name,
      .min_inputs = 4,
      .max_inputs = 5,
      .infer = InferDynamicConv<depthwise>,
      .axes = DynamicConvAxes<depthwise>,
      .cost = DynamicConvCost<depthwise>,
      .reference = DynamicConvReference<depthwise>,
      .prepare = PrepareDynamicConv<depthwise>,
  };
}

// The whole of it, of float values: of the file's CONV_2D and DEPTHWISE_CONV_2D.
Status WholeDynamicConvReference(const OpContext& context, bool depthwise, const Sliding& sliding,
                                 std::span<const ConstTensorView> inputs, std::span<const TensorView> outputs);

struct DynamicFullyConnected {
  kernels::Clamp clamp;
  bool symmetric = true;
};
Status DynamicFullyConnectedReference(const OpContext& context, const DynamicFullyConnected& options,
                                      std::span<const ConstTensorView> inputs, std::span<const TensorView> outputs);
Result<std::unique_ptr<Kernel>> PrepareDynamicFullyConnected(const OpContext& context,
                                                             const DynamicFullyConnected& options, int leading,
                                                             bool keeps_axes, const PrepareOptions& prepare);

}  // namespace safelight
