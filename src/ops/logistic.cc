// SPDX-License-Identifier: Apache-2.0
//
// LOGISTIC: 1 / (1 + e^-x), element by element.
#include "ops/support/unary.h"

namespace safelight {

extern const OpDef logistic_op;
const OpDef logistic_op = UnaryOpDef<kernels::UnaryOp::kLogistic>("LOGISTIC", 14);

}  // namespace safelight
