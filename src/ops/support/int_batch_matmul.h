// SPDX-License-Identifier: Apache-2.0
//
// BATCH_MATMUL of quantized values: int8 by int8 (to int8, or to plain sums as int32), int16 by int16 or by int8.
#pragma once

#include "graph/op_def.h"

namespace safelight {

// Which axes of the inputs are rows (m), columns (n) and what is summed over (k).
struct MatmulLayout {
  int lhs_m, lhs_k, rhs_k, rhs_n;
  int lhs_lead, rhs_lead;  // axes that the output has more than the input, in front
};

// Where the matrices of one index of the leading axes begin.
int64_t MatrixOffset(const Window& window, const int64_t* index, int lead);

Result<std::unique_ptr<Kernel>> PrepareIntBatchMatmul(const OpContext& context, const MatmulLayout& layout);

}  // namespace safelight
