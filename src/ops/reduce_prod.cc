// SPDX-License-Identifier: Apache-2.0
//
// REDUCE_PROD: the product over the reduced axes.
// All of it is in ops/support/reduce.h.
#include "ops/support/reduce.h"

namespace safelight {

extern const OpDef reduce_prod_op;
const OpDef reduce_prod_op = ReduceOp<ReduceKind::kProd>("REDUCE_PROD", 81);

}  // namespace safelight
