// SPDX-License-Identifier: Apache-2.0
//
// SPLIT and SPLIT_V: a value cut into parts along an axis.
#pragma once

#include "ops/support/join.h"

namespace safelight {

// Sets the outputs; `sizes` are the parts' sizes along `axis` of input `data`.
Status SetSplitOutputs(InferContext& context, int data, int axis, const std::vector<int64_t>& sizes);
// The axis along which the outputs of an inferred node differ from input `data` is `axis`.
CutPlan MakeSplitPlan(const OpContext& context, int data, int axis);
std::vector<AxisRule> SplitAxes(const OpContext& context, int data, int axis, int out_axis);

}  // namespace safelight
