// SPDX-License-Identifier: Apache-2.0
//
// PAD: the value with a border of zeros.
#include "ops/support/pad.h"

namespace safelight {

extern const OpDef pad_op;
const OpDef pad_op = MoveOpDef<PadPlan, kNone, true>("PAD", 34, 2, 2, InferPad);

}  // namespace safelight
