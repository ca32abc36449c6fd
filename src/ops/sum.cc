// SPDX-License-Identifier: Apache-2.0
//
// SUM: the sum over the reduced axes.
// All of it is in ops/support/reduce.h.
#include "ops/support/reduce.h"

namespace safelight {

extern const OpDef sum_op;
const OpDef sum_op = ReduceOp<ReduceKind::kSum>("SUM", 74);

}  // namespace safelight
