// SPDX-License-Identifier: Apache-2.0
//
// ARG_MAX and ARG_MIN: where along one axis the largest or smallest element stands; the first of equals.
//
// The axis (input 1) is constant. Every other axis can be split. Stored integers compare as their numbers
// do, so quantized types work as they are.
#pragma once

#include "graph/op_def.h"

namespace safelight {

Result<std::shared_ptr<const OpAttrs>> ReadArg(const AttrReader& reader);
Status InferArg(InferContext& context);
std::vector<AxisRule> ArgAxisRules(const OpContext& context, int out_axis);
Cost ArgCost(const OpContext& context);
template <bool is_max>
Status ArgReference(const OpContext& context, std::span<const ConstTensorView> inputs,
                    std::span<const TensorView> outputs);
template <bool is_max>
Result<std::unique_ptr<Kernel>> PrepareArg(const OpContext& context, const PrepareOptions& options);

template <bool is_max>
constexpr OpDef ArgOp(const char* name, int tflite_code) {
  return {
      .name = name,
      .tflite_code = tflite_code,
      .min_inputs = 2,
      .max_inputs = 2,
      .read = ReadArg,
      .infer = InferArg,
      .axes = ArgAxisRules,
      .cost = ArgCost,
      .reference = ArgReference<is_max>,
      .prepare = PrepareArg<is_max>,
  };
}

}  // namespace safelight
