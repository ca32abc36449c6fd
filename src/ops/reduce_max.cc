// SPDX-License-Identifier: Apache-2.0
//
// REDUCE_MAX: the largest element over the reduced axes.
// All of it is in ops/support/reduce.h.
#include "ops/support/reduce.h"

namespace safelight {

extern const OpDef reduce_max_op;
const OpDef reduce_max_op = ReduceOp<ReduceKind::kMax>("REDUCE_MAX", 82);

}  // namespace safelight
