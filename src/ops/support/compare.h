// SPDX-License-Identifier: Apache-2.0
//
// Comparisons and logic: two operands of one type, a bool out.
#pragma once

#include "ops/support/elementwise.h"

namespace safelight {

enum class CompareOp { kEqual, kNotEqual, kGreater, kGreaterEqual, kLess, kLessEqual, kAnd, kOr };

Status InferCompare(InferContext& context);
Result<ElementFunction> ChooseCompare(const OpContext& context, CompareOp op);

template <CompareOp op>
Result<ElementFunction> ChooseCompareOp(const OpContext& context, bool) {
  return ChooseCompare(context, op);
}

template <CompareOp op>
constexpr OpDef CompareOpDef(const char* name, int tflite_code) {
  return ElementOpDef<ChooseCompareOp<op>>(name, tflite_code, 2, InferCompare);
}

}  // namespace safelight
