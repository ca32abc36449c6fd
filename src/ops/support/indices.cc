// SPDX-License-Identifier: Apache-2.0
#include "ops/support/indices.h"

namespace safelight {

Result<SlicePlan> PlanSlices(const Shape& indices, const Shape& target) {
  if (indices.rank() == 0) return InvalidArgument("the indices are a scalar, must have at least 1 dimension");
  const int64_t depth = indices[indices.rank() - 1];
  if (depth > target.rank()) {
    return InvalidArgument("indices of ", depth, " coordinates into ", target.rank(), " dimensions");
  }
  return SlicePlan{indices.Product(0, indices.rank() - 1), static_cast<int>(depth),
                   target.Product(static_cast<int>(depth), target.rank())};
}

Result<int64_t> SliceOffset(const ConstTensorView& indices, const SlicePlan& plan, const Shape& target, int64_t i) {
  int64_t place = 0;
  for (int axis = 0; axis < plan.depth; ++axis) {
    const int64_t at = i * plan.depth + axis;
    int64_t index = 0;
    switch (indices.dtype) {
      case DType::kInt64: index = static_cast<const int64_t*>(indices.data)[at]; break;
      case DType::kInt16: index = static_cast<const int16_t*>(indices.data)[at]; break;
      default: index = static_cast<const int32_t*>(indices.data)[at]; break;
    }
    if (index < 0 || index >= target[axis]) {
      return InvalidArgument("index ", index, " along axis ", axis, ", must be 0 to ", target[axis] - 1);
    }
    place = place * target[axis] + index;
  }
  return place * plan.slice_elements;
}

Status CheckIndexType(const Value& indices) {
  if (indices.dtype == DType::kInt32 || indices.dtype == DType::kInt64 || indices.dtype == DType::kInt16) return {};
  return InvalidArgument("the indices are ", DTypeName(indices.dtype), ", must be int16, int32 or int64");
}

}  // namespace safelight
