// SPDX-License-Identifier: Apache-2.0
//
// RELU_0_TO_1: x limited to 0..1, element by element.
#include "ops/support/unary.h"

namespace safelight {

extern const OpDef relu_0_to_1_op;
const OpDef relu_0_to_1_op = UnaryOpDef<kernels::UnaryOp::kRelu0To1>("RELU_0_TO_1", 152);

}  // namespace safelight
