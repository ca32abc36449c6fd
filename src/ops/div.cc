// SPDX-License-Identifier: Apache-2.0
//
// DIV: a / b, element by element.
#include "ops/support/binary.h"

namespace safelight {

extern const OpDef div_op;
const OpDef div_op = BinaryOpDef<kernels::BinaryOp::kDiv>("DIV", 42, /*activation=*/true);

}  // namespace safelight
