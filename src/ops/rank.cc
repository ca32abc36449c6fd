// SPDX-License-Identifier: Apache-2.0
//
// RANK: how many axes the input has, as an int32 scalar. Known before the run.
#include "graph/op_def.h"

namespace safelight {
namespace {

Status Infer(InferContext& context) {
  context.SetOutput(0, DType::kInt32, Shape());
  return {};
}

Status Reference(const OpContext&, std::span<const ConstTensorView> inputs, std::span<const TensorView> outputs) {
  *static_cast<int32_t*>(outputs[0].data) = inputs[0].shape.rank();
  return {};
}

}  // namespace

extern const OpDef rank_op;
const OpDef rank_op{
    .name = "RANK",
    .tflite_code = 110,
    .infer = Infer,
    .reference = Reference,
    .reads_only_shape = true,
};

}  // namespace safelight
