// SPDX-License-Identifier: Apache-2.0
//
// ARG_MIN: where the smallest element along one axis stands.
// All of it is in ops/support/reduce_arg.h.
#include "ops/support/reduce_arg.h"

namespace safelight {

extern const OpDef arg_min_op;
const OpDef arg_min_op = ArgOp<false>("ARG_MIN", 79);

}  // namespace safelight
