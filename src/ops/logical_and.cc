// SPDX-License-Identifier: Apache-2.0
//
// LOGICAL_AND: a and b, element by element.
#include "ops/support/compare.h"

namespace safelight {

extern const OpDef logical_and_op;
const OpDef logical_and_op = CompareOpDef<CompareOp::kAnd>("LOGICAL_AND", 86);

}  // namespace safelight
