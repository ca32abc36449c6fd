// SPDX-License-Identifier: Apache-2.0
//
// TANH: the hyperbolic tangent, element by element.
#include "ops/support/unary.h"

namespace safelight {

extern const OpDef tanh_op;
const OpDef tanh_op = UnaryOpDef<kernels::UnaryOp::kTanh>("TANH", 28);

}  // namespace safelight
