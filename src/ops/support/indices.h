// SPDX-License-Identifier: Apache-2.0
//
// Tensors of indices, as GATHER_ND and SCATTER_ND read them: the last axis of the index tensor is one place in
// the leading axes of a target, at which a slice of the target's other axes lies.
#pragma once

#include "graph/op_def.h"

namespace safelight {

struct SlicePlan {
  int64_t count = 0;           // places
  int depth = 0;               // coordinates of a place
  int64_t slice_elements = 0;  // elements at a place
};

// Checks that places of the index tensor fit a target of shape `target`.
Result<SlicePlan> PlanSlices(const Shape& indices, const Shape& target);

// Element offset in the target of place `i`. InvalidArgument where a coordinate lies outside.
Result<int64_t> SliceOffset(const ConstTensorView& indices, const SlicePlan& plan, const Shape& target, int64_t i);

Status CheckIndexType(const Value& indices);

}  // namespace safelight
