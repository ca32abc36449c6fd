// SPDX-License-Identifier: Apache-2.0
//
// L2_NORMALIZATION over the last axis: x divided by the length of its pixel, at least 1e-6.
#include <algorithm>
#include <cmath>

#include "ops/support/function_kernel.h"
#include "ops/support/last_axis.h"
#include "ops/support/quantized.h"
#include "ops/support/quantized_normalize.h"

namespace safelight {
namespace {

constexpr float kEpsilon = 1e-6f;

struct L2NormalizationAttrs : OpAttrs {};

Result<std::shared_ptr<const OpAttrs>> Read(const AttrReader& reader) {
  const int64_t activation = reader.Int(0, 0);
  if (activation != 0) return Unsupported("fused activation ", activation, " of a normalization, must be 0 (none)");
  return std::shared_ptr<const OpAttrs>(std::make_shared<L2NormalizationAttrs>());
}

Status Reference(const OpContext& context, std::span<const ConstTensorView> inputs,
                 std::span<const TensorView> outputs) {
  if (IsQuantizedType(context.input(0).dtype)) {
    SL_ASSIGN(const auto kernel, PrepareQuantizedNormalize(context));
    return RunWhole(*kernel, inputs, outputs);
  }
  SL_TRY(CheckLastAxisFloat(context));
  ForEachPixel(inputs[0], outputs[0], [](const float* in, float* out, int64_t depth) {
    float sum = 0;
    for (int64_t i = 0; i < depth; ++i) sum += in[i] * in[i];
    const float length = std::max(std::sqrt(sum), kEpsilon);
    for (int64_t i = 0; i < depth; ++i) out[i] = in[i] / length;
  });
  return {};
}

Result<std::unique_ptr<Kernel>> Prepare(const OpContext& context, const PrepareOptions&) {
  if (IsQuantizedType(context.input(0).dtype)) return PrepareQuantizedNormalize(context);
  return MakeLastAxisKernel(context, kernels::L2NormalizePixels, kEpsilon);
}

}  // namespace

extern const OpDef l2_normalization_op;
const OpDef l2_normalization_op{
    .name = "L2_NORMALIZATION",
    .tflite_code = 11,
    .read = Read,
    .infer = InferLastAxis,
    .axes = LastAxisRules,
    .reference = Reference,
    .prepare = Prepare,
};

}  // namespace safelight
