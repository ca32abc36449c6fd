// SPDX-License-Identifier: Apache-2.0
//
// COS: cosine of radians, element by element.
#include "ops/support/unary.h"

namespace safelight {

extern const OpDef cos_op;
const OpDef cos_op = UnaryOpDef<kernels::UnaryOp::kCos>("COS", 108);

}  // namespace safelight
