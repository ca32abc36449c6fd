// SPDX-License-Identifier: Apache-2.0
//
// MUL: a * b, element by element.
#include "ops/support/binary.h"

namespace safelight {

extern const OpDef mul_op;
const OpDef mul_op = BinaryOpDef<kernels::BinaryOp::kMul>("MUL", 18, /*activation=*/true);

}  // namespace safelight
