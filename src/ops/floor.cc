// SPDX-License-Identifier: Apache-2.0
//
// FLOOR: the next whole number below, element by element.
#include "ops/support/unary.h"

namespace safelight {

extern const OpDef floor_op;
const OpDef floor_op = UnaryOpDef<kernels::UnaryOp::kFloor>("FLOOR", 8);

}  // namespace safelight
