// SPDX-License-Identifier: Apache-2.0
//
// Ops that rework each pixel's channels: SOFTMAX, LOG_SOFTMAX and L2_NORMALIZATION over the last axis.
//
// Every axis but the last can be split. Float only; integers give shapes.
#pragma once

#include <memory>
#include <vector>

#include "graph/op_def.h"
#include "kernels/reduce_softmax.h"

namespace safelight {

// Output as the input; at least one dimension.
Status InferLastAxis(InferContext& context);
std::vector<AxisRule> LastAxisRules(const OpContext& context, int out_axis);
// Unsupported unless the input is float32.
Status CheckLastAxisFloat(const OpContext& context);

// A kernel that hands runs of pixels to `loop`, with `parameter`.
using LastAxisLoop = void (*)(const kernels::PixelRun& run, float parameter);
Result<std::unique_ptr<Kernel>> MakeLastAxisKernel(const OpContext& context, LastAxisLoop loop, float parameter);

// For references: calls f(in, out, depth) for every pixel of whole float tensors.
template <typename F>
void ForEachPixel(const ConstTensorView& input, const TensorView& output, F f) {
  const int64_t depth = input.shape[input.shape.rank() - 1];
  const int64_t elements = input.shape.elements();
  const float* in = static_cast<const float*>(input.data);
  float* out = static_cast<float*>(output.data);
  for (int64_t i = 0; i < elements; i += depth) f(in + i, out + i, depth);
}

}  // namespace safelight
