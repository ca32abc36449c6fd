// SPDX-License-Identifier: Apache-2.0
//
// SIN: sine of radians, element by element.
#include "ops/support/unary.h"

namespace safelight {

extern const OpDef sin_op;
const OpDef sin_op = UnaryOpDef<kernels::UnaryOp::kSin>("SIN", 66);

}  // namespace safelight
