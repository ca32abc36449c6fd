// SPDX-License-Identifier: Apache-2.0
//
// ROUND: the nearest whole number, halves to even, element by element.
#include "ops/support/unary.h"

namespace safelight {

extern const OpDef round_op;
const OpDef round_op = UnaryOpDef<kernels::UnaryOp::kRound>("ROUND", 116);

}  // namespace safelight
