// SPDX-License-Identifier: Apache-2.0
//
// NOT_EQUAL: a != b, element by element.
#include "ops/support/compare.h"

namespace safelight {

extern const OpDef not_equal_op;
const OpDef not_equal_op = CompareOpDef<CompareOp::kNotEqual>("NOT_EQUAL", 72);

}  // namespace safelight
