// SPDX-License-Identifier: Apache-2.0
//
// PADV2: the value with a border of the value of input 2.
#include "ops/support/pad.h"

namespace safelight {

extern const OpDef padv2_op;
const OpDef padv2_op = MoveOpDef<PadPlan, 2, true>("PADV2", 60, 3, 3, InferPad);

}  // namespace safelight
