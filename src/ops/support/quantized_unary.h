// SPDX-License-Identifier: Apache-2.0
//
// Functions of one quantized operand, as tables: the result for every value that can be stored is worked out when the
// node is prepared, by the arithmetic of TFLite's reference kernels.
#pragma once

#include "ops/support/elementwise.h"

namespace safelight {

// Unsupported for functions that TFLite does not define for the type.
Result<ElementFunction> ChooseQuantizedUnary(const OpContext& context, kernels::UnaryOp op, float parameter);

}  // namespace safelight
