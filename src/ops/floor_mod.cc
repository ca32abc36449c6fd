// SPDX-License-Identifier: Apache-2.0
//
// FLOOR_MOD: the rest of a / b, with the sign of b, element by element.
#include "ops/support/binary.h"

namespace safelight {

extern const OpDef floor_mod_op;
const OpDef floor_mod_op = BinaryOpDef<kernels::BinaryOp::kFloorMod>("FLOOR_MOD", 95);

}  // namespace safelight
