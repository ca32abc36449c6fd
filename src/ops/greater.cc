// SPDX-License-Identifier: Apache-2.0
//
// GREATER: a > b, element by element.
#include "ops/support/compare.h"

namespace safelight {

extern const OpDef greater_op;
const OpDef greater_op = CompareOpDef<CompareOp::kGreater>("GREATER", 61);

}  // namespace safelight
