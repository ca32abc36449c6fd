// SPDX-License-Identifier: Apache-2.0
//
// SQUARED_DIFFERENCE: (a - b)^2, element by element.
#include "ops/support/binary.h"

namespace safelight {

extern const OpDef squared_difference_op;
const OpDef squared_difference_op = BinaryOpDef<kernels::BinaryOp::kSquaredDifference>("SQUARED_DIFFERENCE", 99);

}  // namespace safelight
