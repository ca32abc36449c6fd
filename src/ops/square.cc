// SPDX-License-Identifier: Apache-2.0
//
// SQUARE: x * x, element by element.
#include "ops/support/unary.h"

namespace safelight {

extern const OpDef square_op;
const OpDef square_op = UnaryOpDef<kernels::UnaryOp::kSquare>("SQUARE", 92);

}  // namespace safelight
