// SPDX-License-Identifier: Apache-2.0
//
// Ops of two operands of one type, with an optional fused activation.
#pragma once

#include "ops/support/clamped.h"
#include "ops/support/elementwise.h"

namespace safelight {

// Options of ADD, SUB, MUL, DIV: the fused activation in slot 0, of ADD and SUB the rule of int16 in slot 1.
struct BinaryAttrs : ClampedAs<BinaryAttrs> {
  bool power_of_two = true;  // int16 of scales that are powers of two is shifted, not scaled
};
Result<std::shared_ptr<const OpAttrs>> ReadActivation(const AttrReader& reader);

Result<ElementFunction> ChooseBinary(const OpContext& context, kernels::BinaryOp op, bool plain);

template <kernels::BinaryOp op>
Result<ElementFunction> ChooseBinaryOp(const OpContext& context, bool plain) {
  return ChooseBinary(context, op, plain);
}

// `activation`: the op has a fused activation among its options.
template <kernels::BinaryOp op>
constexpr OpDef BinaryOpDef(const char* name, int tflite_code, bool activation = false) {
  return ElementOpDef<ChooseBinaryOp<op>>(name, tflite_code, 2, InferSameType, activation ? ReadActivation : nullptr);
}

}  // namespace safelight
