// SPDX-License-Identifier: Apache-2.0
//
// NEG: -x, element by element.
#include "ops/support/unary.h"

namespace safelight {

extern const OpDef neg_op;
const OpDef neg_op = UnaryOpDef<kernels::UnaryOp::kNeg>("NEG", 59);

}  // namespace safelight
