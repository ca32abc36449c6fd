// SPDX-License-Identifier: Apache-2.0
//
// GREATER_EQUAL: a >= b, element by element.
#include "ops/support/compare.h"

namespace safelight {

extern const OpDef greater_equal_op;
const OpDef greater_equal_op = CompareOpDef<CompareOp::kGreaterEqual>("GREATER_EQUAL", 62);

}  // namespace safelight
