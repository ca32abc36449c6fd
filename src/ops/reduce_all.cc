// SPDX-License-Identifier: Apache-2.0
//
// REDUCE_ALL: whether all bools over the reduced axes are true.
// All of it is in ops/support/reduce.h.
#include "ops/support/reduce.h"

namespace safelight {

extern const OpDef reduce_all_op;
const OpDef reduce_all_op = ReduceOp<ReduceKind::kAll>("REDUCE_ALL", 140);

}  // namespace safelight
