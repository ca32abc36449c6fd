// SPDX-License-Identifier: Apache-2.0
//
// REDUCE_MIN: the smallest element over the reduced axes.
// All of it is in ops/support/reduce.h.
#include "ops/support/reduce.h"

namespace safelight {

extern const OpDef reduce_min_op;
const OpDef reduce_min_op = ReduceOp<ReduceKind::kMin>("REDUCE_MIN", 89);

}  // namespace safelight
