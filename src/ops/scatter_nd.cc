// SPDX-License-Identifier: Apache-2.0
//
// SCATTER_ND: a tensor of zeros of the shape in input 2, to which the slices of input 1 are added at the places that
// input 0 lists. Whole tensors only.
#include <cstring>

#include "graph/op_def.h"
#include "ops/support/indices.h"
#include "ops/support/visit_type.h"

namespace safelight {
namespace {

Status Infer(InferContext& context) {
  const Shape& indices = context.input(0).shape;
  const Value& updates = context.input(1);
  SL_TRY(CheckIndexType(context.input(0)));
  SL_ASSIGN(const std::vector<int64_t> dims, context.ConstInts(2));
  if (dims.size() > Shape::kMaxRank) {
    return Unsupported("a result of ", dims.size(), " dimensions, at most ", Shape::kMaxRank);
  }
  for (int64_t dim : dims) {
    if (dim < 0) return InvalidArgument("size ", dim, " in the shape, must be at least 0");
  }
  const Shape shape(dims);
  SL_ASSIGN(const SlicePlan plan, PlanSlices(indices, shape));
  std::vector<int64_t> expected;
  for (int axis = 0; axis < indices.rank() - 1; ++axis) expected.push_back(indices[axis]);
  for (int axis = plan.depth; axis < shape.rank(); ++axis) expected.push_back(shape[axis]);
  const auto given = updates.shape.dims();
  if (!std::equal(expected.begin(), expected.end(), given.begin(), given.end())) {
    return InvalidArgument("updates of shape ", updates.shape.ToString(), " do not fit indices of shape ",
                           indices.ToString(), " into ", shape.ToString());
  }
  context.SetOutput(0, updates.dtype, shape);
  return {};
}

Status Reference(const OpContext&, std::span<const ConstTensorView> inputs, std::span<const TensorView> outputs) {
  const Shape& shape = outputs[0].shape;
  SL_ASSIGN(const SlicePlan plan, PlanSlices(inputs[0].shape, shape));
  if (outputs[0].size_bytes() > 0) std::memset(outputs[0].data, 0, outputs[0].size_bytes());
  return VisitOrdered(inputs[1].dtype, [&](auto zero) {
    using T = decltype(zero);
    const T* from = static_cast<const T*>(inputs[1].data);
    T* out = static_cast<T*>(outputs[0].data);
    for (int64_t i = 0; i < plan.count; ++i) {
      SL_ASSIGN(const int64_t offset, SliceOffset(inputs[0], plan, shape, i));
      for (int64_t j = 0; j < plan.slice_elements; ++j) {
        if constexpr (std::is_integral_v<T>) {
          // Wraps around.
          out[offset + j] = static_cast<T>(static_cast<uint64_t>(out[offset + j]) + static_cast<uint64_t>(*from++));
        } else {
          out[offset + j] += *from++;
        }
      }
    }
    return Status();
  });
}

}  // namespace

extern const OpDef scatter_nd_op;
const OpDef scatter_nd_op{
    .name = "SCATTER_ND",
    .tflite_code = 122,
    .min_inputs = 3,
    .max_inputs = 3,
    .infer = Infer,
    .reference = Reference,
};

}  // namespace safelight
