// SPDX-License-Identifier: Apache-2.0
//
// LESS_EQUAL: a <= b, element by element.
#include "ops/support/compare.h"

namespace safelight {

extern const OpDef less_equal_op;
const OpDef less_equal_op = CompareOpDef<CompareOp::kLessEqual>("LESS_EQUAL", 63);

}  // namespace safelight
