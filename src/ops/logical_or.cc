// SPDX-License-Identifier: Apache-2.0
//
// LOGICAL_OR: a or b, element by element.
#include "ops/support/compare.h"

namespace safelight {

extern const OpDef logical_or_op;
const OpDef logical_or_op = CompareOpDef<CompareOp::kOr>("LOGICAL_OR", 84);

}  // namespace safelight
