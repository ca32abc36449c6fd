// SPDX-License-Identifier: Apache-2.0
//
// FLOOR_DIV: a / b rounded down, element by element.
#include "ops/support/binary.h"

namespace safelight {

extern const OpDef floor_div_op;
const OpDef floor_div_op = BinaryOpDef<kernels::BinaryOp::kFloorDiv>("FLOOR_DIV", 90);

}  // namespace safelight
