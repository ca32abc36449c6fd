// SPDX-License-Identifier: Apache-2.0
//
// Ops of one float operand: a name, a number, a function.
#pragma once

#include "ops/support/elementwise.h"

namespace safelight {

// Options of LEAKY_RELU.
struct LeakyReluAttrs : OpAttrs {
  float alpha = 0;
};

// The output has the input's type and shape.
Status InferUnary(InferContext& context);
// float32 through kernels; int32 and int64 where the function maps integers to integers.
Result<ElementFunction> ChooseUnary(const OpContext& context, kernels::UnaryOp op, float parameter, bool plain);

template <kernels::UnaryOp op>
Result<ElementFunction> ChooseUnaryOp(const OpContext& context, bool plain) {
  return ChooseUnary(context, op, 0.0f, plain);
}

template <kernels::UnaryOp op>
constexpr OpDef UnaryOpDef(const char* name, int tflite_code) {
  return ElementOpDef<ChooseUnaryOp<op>>(name, tflite_code, 1, InferUnary);
}

}  // namespace safelight
