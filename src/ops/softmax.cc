// SPDX-License-Identifier: Apache-2.0
//
// SOFTMAX over the last axis: exp(beta (x - max)) divided by the sum of the same.
#include <algorithm>
#include <cmath>
#include <limits>

#include "ops/support/function_kernel.h"
#include "ops/support/last_axis.h"
#include "ops/support/quantized.h"
#include "ops/support/quantized_softmax.h"

namespace safelight {
namespace {

struct SoftmaxAttrs : OpAttrs {
  float beta = 0.0f;  // what TFLite takes where the file says nothing
};

Result<std::shared_ptr<const OpAttrs>> Read(const AttrReader& reader) {
  auto attrs = std::make_shared<SoftmaxAttrs>();
  attrs->beta = reader.Float(0, 0.0f);
  if (!std::isfinite(attrs->beta)) return CorruptData("beta ", attrs->beta, ", must be finite");
  return std::shared_ptr<const OpAttrs>(std::move(attrs));
}

float Beta(const OpContext& context) {
  return context.node().attrs == nullptr ? 0.0f : context.attrs<SoftmaxAttrs>().beta;
}

Status Reference(const OpContext& context, std::span<const ConstTensorView> inputs,
                 std::span<const TensorView> outputs) {
  if (IsQuantizedType(context.input(0).dtype)) {
    SL_ASSIGN(const auto kernel, PrepareQuantizedSoftmax(context, Beta(context)));
    return RunWhole(*kernel, inputs, outputs);
  }
  SL_TRY(CheckLastAxisFloat(context));
  const float beta = Beta(context);
  ForEachPixel(inputs[0], outputs[0], [beta](const float* in, float* out, int64_t depth) {
    float highest = std::numeric_limits<float>::lowest();
    for (int64_t i = 0; i < depth; ++i) highest = std::max(highest, in[i]);
    float sum = 0;
    for (int64_t i = 0; i < depth; ++i) {
      out[i] = std::exp((in[i] - highest) * beta);
      sum += out[i];
    }
    for (int64_t i = 0; i < depth; ++i) out[i] /= sum;
  });
  return {};
}

Result<std::unique_ptr<Kernel>> Prepare(const OpContext& context, const PrepareOptions&) {
  if (IsQuantizedType(context.input(0).dtype)) return PrepareQuantizedSoftmax(context, Beta(context));
  return MakeLastAxisKernel(context, kernels::SoftmaxPixels, Beta(context));
}

}  // namespace

extern const OpDef softmax_op;
const OpDef softmax_op{
    .name = "SOFTMAX",
    .tflite_code = 25,
    .read = Read,
    .infer = InferLastAxis,
    .axes = LastAxisRules,
    .reference = Reference,
    .prepare = Prepare,
};

}  // namespace safelight
