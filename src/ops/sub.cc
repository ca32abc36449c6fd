// SPDX-License-Identifier: Apache-2.0
//
// SUB: a - b, element by element.
#include "ops/support/binary.h"

namespace safelight {

extern const OpDef sub_op;
const OpDef sub_op = BinaryOpDef<kernels::BinaryOp::kSub>("SUB", 41, /*activation=*/true);

}  // namespace safelight
