// SPDX-License-Identifier: Apache-2.0
//
// RELU_N1_TO_1: x limited to -1..1, element by element.
#include "ops/support/unary.h"

namespace safelight {

extern const OpDef relu_n1_to_1_op;
const OpDef relu_n1_to_1_op = UnaryOpDef<kernels::UnaryOp::kReluN1To1>("RELU_N1_TO_1", 20);

}  // namespace safelight
