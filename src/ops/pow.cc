// SPDX-License-Identifier: Apache-2.0
//
// POW: a to the b, element by element.
#include "ops/support/binary.h"

namespace safelight {

extern const OpDef pow_op;
const OpDef pow_op = BinaryOpDef<kernels::BinaryOp::kPow>("POW", 78);

}  // namespace safelight
