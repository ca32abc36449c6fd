// SPDX-License-Identifier: Apache-2.0
//
// MINIMUM: the smaller of a and b, element by element.
#include "ops/support/binary.h"

namespace safelight {

extern const OpDef minimum_op;
const OpDef minimum_op = BinaryOpDef<kernels::BinaryOp::kMinimum>("MINIMUM", 57);

}  // namespace safelight
