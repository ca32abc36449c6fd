// SPDX-License-Identifier: Apache-2.0
//
// ADD, SUB, MUL, SQUARED_DIFFERENCE and PRELU of quantized operands, as TFLite's reference kernels do them.
#pragma once

#include "ops/support/elementwise.h"

namespace safelight {

// Unsupported for functions that TFLite does not define for the type. int16 without scales is plain arithmetic. `plain`
// asks for the obvious loops.
Result<ElementFunction> ChooseQuantizedBinary(const OpContext& context, kernels::BinaryOp op, bool plain);

// Both operands on one scale: shifted left, then each multiplied by its share of twice the larger scale.
struct CommonScale {
  double twice_larger = 0;
  Multiplier a, b;
};
CommonScale CommonScaleOf(float a, float b);

}  // namespace safelight
