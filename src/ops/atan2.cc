// SPDX-License-Identifier: Apache-2.0
//
// ATAN2: the angle of the point (b, a), element by element.
#include "ops/support/binary.h"

namespace safelight {

extern const OpDef atan2_op;
const OpDef atan2_op = BinaryOpDef<kernels::BinaryOp::kAtan2>("ATAN2", 156);

}  // namespace safelight
