// SPDX-License-Identifier: Apache-2.0
//
// ADD: a + b, element by element.
#include "ops/support/binary.h"

namespace safelight {

extern const OpDef add_op;
const OpDef add_op = BinaryOpDef<kernels::BinaryOp::kAdd>("ADD", 0, /*activation=*/true);

}  // namespace safelight
