// SPDX-License-Identifier: Apache-2.0
//
// EXP: e to the x, element by element.
#include "ops/support/unary.h"

namespace safelight {

extern const OpDef exp_op;
const OpDef exp_op = UnaryOpDef<kernels::UnaryOp::kExp>("EXP", 47);

}  // namespace safelight
