// SPDX-License-Identifier: Apache-2.0
//
// FILL: a tensor of the shape in input 0 (constant), every element the scalar of input 1. Whole tensors only.
#include <algorithm>

#include "graph/op_def.h"
#include "ops/support/movement.h"
#include "ops/support/visit_type.h"

namespace safelight {
namespace {

Status Infer(InferContext& context) {
  SL_ASSIGN(const std::vector<int64_t> dims, context.ConstInts(0));
  if (dims.size() > Shape::kMaxRank) {
    return Unsupported("a result of ", dims.size(), " dimensions, at most ", Shape::kMaxRank);
  }
  for (int64_t dim : dims) {
    if (dim < 0) return InvalidArgument("size ", dim, " in the shape, must be at least 0");
  }
  const Value& value = context.input(1);
  if (value.shape.elements() != 1) {
    return InvalidArgument("the value has shape ", value.shape.ToString(), ", must be a scalar");
  }
  context.SetOutput(0, value.dtype, Shape(dims));
  return {};
}

Status Reference(const OpContext&, std::span<const ConstTensorView> inputs, std::span<const TensorView> outputs) {
  return VisitSize(inputs[1].dtype, [&](auto zero) {
    using T = decltype(zero);
    std::fill_n(static_cast<T*>(outputs[0].data), outputs[0].shape.elements(), *static_cast<const T*>(inputs[1].data));
    return Status();
  });
}

Result<std::vector<int64_t>> Rescale(const OpContext& before, const OpContext& after, int) {
  SL_ASSIGN(std::vector<int64_t> dims, before.ConstInts(0));
  const int rank = static_cast<int>(dims.size());
  for (int axis = 0; axis < rank; ++axis) dims[axis] = ScaleWithPicture(before, after, rank, axis, dims[axis]);
  return dims;
}

}  // namespace

extern const OpDef fill_op;
const OpDef fill_op{
    .name = "FILL",
    .tflite_code = 94,
    .min_inputs = 2,
    .max_inputs = 2,
    .infer = Infer,
    .reference = Reference,
    .shape_inputs = 1,
    .rescale = Rescale,
    .size_follows_join = true,
};

}  // namespace safelight
