// SPDX-License-Identifier: Apache-2.0
//
// MAXIMUM: the larger of a and b, element by element.
#include "ops/support/binary.h"

namespace safelight {

extern const OpDef maximum_op;
const OpDef maximum_op = BinaryOpDef<kernels::BinaryOp::kMaximum>("MAXIMUM", 55);

}  // namespace safelight
