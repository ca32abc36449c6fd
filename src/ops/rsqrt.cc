// SPDX-License-Identifier: Apache-2.0
//
// RSQRT: 1 / sqrt(x), element by element.
#include "ops/support/unary.h"

namespace safelight {

extern const OpDef rsqrt_op;
const OpDef rsqrt_op = UnaryOpDef<kernels::UnaryOp::kRsqrt>("RSQRT", 76);

}  // namespace safelight
