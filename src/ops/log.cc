// SPDX-License-Identifier: Apache-2.0
//
// LOG: the natural logarithm, element by element.
#include "ops/support/unary.h"

namespace safelight {

extern const OpDef log_op;
const OpDef log_op = UnaryOpDef<kernels::UnaryOp::kLog>("LOG", 73);

}  // namespace safelight
