// SPDX-License-Identifier: Apache-2.0
//
// RELU: max(x, 0), element by element.
#include "ops/support/unary.h"

namespace safelight {

extern const OpDef relu_op;
const OpDef relu_op = UnaryOpDef<kernels::UnaryOp::kRelu>("RELU", 19);

}  // namespace safelight
