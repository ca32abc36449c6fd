// SPDX-License-Identifier: Apache-2.0
//
// MEAN, SUM and REDUCE_PROD of values with a scale, as TFLite's reference kernels do them: sums of stored numbers in 32
// bits, scaled once; products scaled at every step.
#pragma once

#include <vector>

#include "ops/support/reduce.h"

namespace safelight {

// The node's input has a scale, and its numbers cannot be reduced as they are stored.
bool IsQuantizedReduce(ReduceKind kind, const Value& input);
Result<std::unique_ptr<Kernel>> PrepareQuantizedReduce(const OpContext& context, ReduceKind kind,
                                                       const std::vector<bool>& reduced, bool keep_dims);

}  // namespace safelight
