// SPDX-License-Identifier: Apache-2.0
//
// GATHER_ND: slices of input 0 at the places that input 1 lists. Whole tensors only.
#include <cstring>

#include "graph/op_def.h"
#include "ops/support/indices.h"

namespace safelight {
namespace {

Status Infer(InferContext& context) {
  const Value& params = context.input(0);
  const Shape& indices = context.input(1).shape;
  SL_TRY(CheckIndexType(context.input(1)));
  SL_ASSIGN(const SlicePlan plan, PlanSlices(indices, params.shape));
  if (indices.rank() - 1 + params.shape.rank() - plan.depth > Shape::kMaxRank) {
    return Unsupported("a result of more than ", Shape::kMaxRank, " dimensions");
  }
  Shape shape;
  for (int axis = 0; axis < indices.rank() - 1; ++axis) shape.push_back(indices[axis]);
  for (int axis = plan.depth; axis < params.shape.rank(); ++axis) shape.push_back(params.shape[axis]);
  context.SetOutput(0, params.dtype, shape);
  return {};
}

Status Reference(const OpContext&, std::span<const ConstTensorView> inputs, std::span<const TensorView> outputs) {
  const size_t element_bytes = DTypeSize(inputs[0].dtype);
  if (element_bytes == 0) return Unsupported("gathering ", DTypeName(inputs[0].dtype));
  SL_ASSIGN(const SlicePlan plan, PlanSlices(inputs[1].shape, inputs[0].shape));
  const size_t slice_bytes = static_cast<size_t>(plan.slice_elements) * element_bytes;
  const std::byte* from = static_cast<const std::byte*>(inputs[0].data);
  std::byte* to = static_cast<std::byte*>(outputs[0].data);
  for (int64_t i = 0; i < plan.count; ++i, to += slice_bytes) {
    SL_ASSIGN(const int64_t offset, SliceOffset(inputs[1], plan, inputs[0].shape, i));
    if (slice_bytes > 0) std::memcpy(to, from + offset * static_cast<int64_t>(element_bytes), slice_bytes);
  }
  return {};
}

}  // namespace

extern const OpDef gather_nd_op;
const OpDef gather_nd_op{
    .name = "GATHER_ND",
    .tflite_code = 107,
    .min_inputs = 2,
    .max_inputs = 2,
    .infer = Infer,
    .reference = Reference,
};

}  // namespace safelight
