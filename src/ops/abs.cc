// SPDX-License-Identifier: Apache-2.0
//
// ABS: |x|, element by element.
#include "ops/support/unary.h"

namespace safelight {

extern const OpDef abs_op;
const OpDef abs_op = UnaryOpDef<kernels::UnaryOp::kAbs>("ABS", 101);

}  // namespace safelight
