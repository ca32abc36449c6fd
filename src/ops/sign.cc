// SPDX-License-Identifier: Apache-2.0
//
// SIGN: -1, 0 or 1, element by element.
#include "ops/support/unary.h"

namespace safelight {

extern const OpDef sign_op;
const OpDef sign_op = UnaryOpDef<kernels::UnaryOp::kSign>("SIGN", 158);

}  // namespace safelight
