// SPDX-License-Identifier: Apache-2.0
//
// SELECT_V2: the element of input 1 where the condition holds, else of input 2.
#include "ops/support/select.h"

namespace safelight {
namespace {

Status Infer(InferContext& context) { return InferSelect(context, SelectRule::kBroadcast); }

}  // namespace

extern const OpDef select_v2_op;
const OpDef select_v2_op{
    .name = "SELECT_V2",
    .tflite_code = 123,
    .min_inputs = 3,
    .max_inputs = 3,
    .infer = Infer,
    .axes = SelectAxes,
    .reference = SelectReference,
    .prepare = PrepareSelect,
};

}  // namespace safelight
