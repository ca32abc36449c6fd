// SPDX-License-Identifier: Apache-2.0
//
// MEAN: the sum over the reduced axes, divided by how many elements went in.
// All of it is in ops/support/reduce.h.
#include "ops/support/reduce.h"

namespace safelight {

extern const OpDef mean_op;
const OpDef mean_op = ReduceOp<ReduceKind::kMean>("MEAN", 40);

}  // namespace safelight
