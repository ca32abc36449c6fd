// SPDX-License-Identifier: Apache-2.0
//
// LOG_SOFTMAX over the last axis: x - max - log(sum exp(x - max)).
#include <algorithm>
#include <cmath>
#include <limits>

#include "ops/support/last_axis.h"
#include "ops/support/quantized.h"
#include "ops/support/quantized_softmax.h"

namespace safelight {
namespace {

Status Reference(const OpContext& context, std::span<const ConstTensorView> inputs,
                 std::span<const TensorView> outputs) {
  if (IsQuantizedType(context.input(0).dtype)) {
    SL_ASSIGN(const auto kernel, PrepareQuantizedLogSoftmax(context));
    return RunWhole(*kernel, inputs, outputs);
  }
  SL_TRY(CheckLastAxisFloat(context));
  ForEachPixel(inputs[0], outputs[0], [](const float* in, float* out, int64_t depth) {
    float highest = std::numeric_limits<float>::lowest();
    for (int64_t i = 0; i < depth; ++i) highest = std::max(highest, in[i]);
    float sum = 0;
    for (int64_t i = 0; i < depth; ++i) sum += std::exp(in[i] - highest);
    const float log_sum = std::log(sum);
    for (int64_t i = 0; i < depth; ++i) out[i] = in[i] - highest - log_sum;
  });
  return {};
}

void Loop(const kernels::PixelRun& run, float) { kernels::LogSoftmaxPixels(run); }

Result<std::unique_ptr<Kernel>> Prepare(const OpContext& context, const PrepareOptions&) {
  if (IsQuantizedType(context.input(0).dtype)) return PrepareQuantizedLogSoftmax(context);
  return MakeLastAxisKernel(context, Loop, 0.0f);
}

}  // namespace

extern const OpDef log_softmax_op;
const OpDef log_softmax_op{
    .name = "LOG_SOFTMAX",
    .tflite_code = 50,
    .infer = InferLastAxis,
    .axes = LastAxisRules,
    .reference = Reference,
    .prepare = Prepare,
};

}  // namespace safelight
