// SPDX-License-Identifier: Apache-2.0
//
// LESS: a < b, element by element.
#include "ops/support/compare.h"

namespace safelight {

extern const OpDef less_op;
const OpDef less_op = CompareOpDef<CompareOp::kLess>("LESS", 58);

}  // namespace safelight
