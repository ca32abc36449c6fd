// SPDX-License-Identifier: Apache-2.0
//
// RELU6: x limited to 0..6, element by element.
#include "ops/support/unary.h"

namespace safelight {

extern const OpDef relu6_op;
const OpDef relu6_op = UnaryOpDef<kernels::UnaryOp::kRelu6>("RELU6", 21);

}  // namespace safelight
