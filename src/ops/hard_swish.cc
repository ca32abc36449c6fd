// SPDX-License-Identifier: Apache-2.0
//
// HARD_SWISH: x * relu6(x + 3) / 6, element by element.
#include "ops/support/unary.h"

namespace safelight {

extern const OpDef hard_swish_op;
const OpDef hard_swish_op = UnaryOpDef<kernels::UnaryOp::kHardSwish>("HARD_SWISH", 117);

}  // namespace safelight
