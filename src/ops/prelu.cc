// SPDX-License-Identifier: Apache-2.0
//
// PRELU: a, or a * slope below 0, element by element.
#include "ops/support/binary.h"

namespace safelight {

extern const OpDef prelu_op;
const OpDef prelu_op = BinaryOpDef<kernels::BinaryOp::kPrelu>("PRELU", 54);

}  // namespace safelight
