// SPDX-License-Identifier: Apache-2.0
//
// EQUAL: a == b, element by element.
#include "ops/support/compare.h"

namespace safelight {

extern const OpDef equal_op;
const OpDef equal_op = CompareOpDef<CompareOp::kEqual>("EQUAL", 71);

}  // namespace safelight
