// SPDX-License-Identifier: Apache-2.0
//
// SQRT: the square root, element by element.
#include "ops/support/unary.h"

namespace safelight {

extern const OpDef sqrt_op;
const OpDef sqrt_op = UnaryOpDef<kernels::UnaryOp::kSqrt>("SQRT", 75);

}  // namespace safelight
