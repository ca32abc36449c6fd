// SPDX-License-Identifier: Apache-2.0
//
// SHAPE: the sizes of the input's axes, as int32 or int64. Known before the run.
#include "graph/op_def.h"

namespace safelight {
namespace {

struct ShapeAttrs : OpAttrs {
  int64_t out_type = 0;  // TFLite's TensorType; 0: as the output is declared
};

Result<std::shared_ptr<const OpAttrs>> Read(const AttrReader& reader) {
  auto attrs = std::make_shared<ShapeAttrs>();
  attrs->out_type = reader.Int(0, 0);
  return std::shared_ptr<const OpAttrs>(std::move(attrs));
}

Status Infer(InferContext& context) {
  const int64_t type = context.node().attrs == nullptr ? 0 : context.attrs<ShapeAttrs>().out_type;
  DType dtype = context.output(0).dtype;
  if (type == 2) dtype = DType::kInt32;
  if (type == 4) dtype = DType::kInt64;
  if (dtype != DType::kInt32 && dtype != DType::kInt64) {
    return InvalidArgument("output type ", type, ", must be 2 (int32) or 4 (int64)");
  }
  context.SetOutput(0, dtype, Shape{context.input(0).shape.rank()});
  return {};
}

Status Reference(const OpContext&, std::span<const ConstTensorView> inputs, std::span<const TensorView> outputs) {
  for (int axis = 0; axis < inputs[0].shape.rank(); ++axis) {
    const int64_t size = inputs[0].shape[axis];
    if (outputs[0].dtype == DType::kInt64) {
      static_cast<int64_t*>(outputs[0].data)[axis] = size;
    } else {
      static_cast<int32_t*>(outputs[0].data)[axis] = static_cast<int32_t>(size);
    }
  }
  return {};
}

}  // namespace

extern const OpDef shape_op;
const OpDef shape_op{
    .name = "SHAPE",
    .tflite_code = 77,
    .read = Read,
    .infer = Infer,
    .reference = Reference,
    .reads_only_shape = true,
};

}  // namespace safelight
