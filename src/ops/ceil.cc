// SPDX-License-Identifier: Apache-2.0
//
// CEIL: the next whole number above, element by element.
#include "ops/support/unary.h"

namespace safelight {

extern const OpDef ceil_op;
const OpDef ceil_op = UnaryOpDef<kernels::UnaryOp::kCeil>("CEIL", 104);

}  // namespace safelight
