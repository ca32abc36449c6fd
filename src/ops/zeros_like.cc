// SPDX-License-Identifier: Apache-2.0
//
// ZEROS_LIKE: zeros of the input's shape and type.
#include <cstring>

#include "graph/op_def.h"

namespace safelight {
namespace {

Status Infer(InferContext& context) {
  const Value& input = context.input(0);
  if (DTypeSize(input.dtype) == 0) return Unsupported("zeros of type ", DTypeName(input.dtype));
  context.SetOutput(0, input.dtype, input.shape);
  return {};
}

Status Reference(const OpContext&, std::span<const ConstTensorView>, std::span<const TensorView> outputs) {
  if (outputs[0].size_bytes() > 0) std::memset(outputs[0].data, 0, outputs[0].size_bytes());
  return {};
}

}  // namespace

extern const OpDef zeros_like_op;
const OpDef zeros_like_op{
    .name = "ZEROS_LIKE",
    .tflite_code = 93,
    .infer = Infer,
    .reference = Reference,
    .reads_only_shape = true,
};

}  // namespace safelight
