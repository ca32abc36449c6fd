// SPDX-License-Identifier: Apache-2.0
//
// ELU: x, or e^x - 1 below 0, element by element.
#include "ops/support/unary.h"

namespace safelight {

extern const OpDef elu_op;
const OpDef elu_op = UnaryOpDef<kernels::UnaryOp::kElu>("ELU", 111);

}  // namespace safelight
