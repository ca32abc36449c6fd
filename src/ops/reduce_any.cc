// SPDX-License-Identifier: Apache-2.0
//
// REDUCE_ANY: whether any bool over the reduced axes is true.
// All of it is in ops/support/reduce.h.
#include "ops/support/reduce.h"

namespace safelight {

extern const OpDef reduce_any_op;
const OpDef reduce_any_op = ReduceOp<ReduceKind::kAny>("REDUCE_ANY", 91);

}  // namespace safelight
