// SPDX-License-Identifier: Apache-2.0
//
// ARG_MAX: where the largest element along one axis stands.
// All of it is in ops/support/reduce_arg.h.
#include "ops/support/reduce_arg.h"

namespace safelight {

extern const OpDef arg_max_op;
const OpDef arg_max_op = ArgOp<true>("ARG_MAX", 56);

}  // namespace safelight
