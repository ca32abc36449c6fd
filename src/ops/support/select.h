// SPDX-License-Identifier: Apache-2.0
//
// SELECT and SELECT_V2: one of two values by a condition.
#pragma once

#include "ops/support/elementwise.h"

namespace safelight {

// SELECT's own rule: a condition of rank 1 chooses whole slices along axis 0. SELECT_V2 broadcasts instead.
enum class SelectRule { kSlices, kBroadcast };

Status InferSelect(InferContext& context, SelectRule rule);
std::vector<AxisRule> SelectAxes(const OpContext& context, int out_axis);
Status SelectReference(const OpContext& context, std::span<const ConstTensorView> inputs,
                       std::span<const TensorView> outputs);
Result<std::unique_ptr<Kernel>> PrepareSelect(const OpContext& context, const PrepareOptions& options);

}  // namespace safelight
