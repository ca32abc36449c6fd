// SPDX-License-Identifier: Apache-2.0
//
// SELECT: the element of input 1 where the condition holds, else of input 2.
#include "ops/support/select.h"

namespace safelight {
namespace {

Status Infer(InferContext& context) { return InferSelect(context, SelectRule::kSlices); }

}  // namespace

extern const OpDef select_op;
const OpDef select_op{
    .name = "SELECT",
    .tflite_code = 64,
    .min_inputs = 3,
    .max_inputs = 3,
    .infer = Infer,
    .axes = SelectAxes,
    .reference = SelectReference,
    .prepare = PrepareSelect,
};

}  // namespace safelight
