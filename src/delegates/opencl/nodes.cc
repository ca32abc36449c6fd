// SPDX-License-Identifier: Apache-2.0
#include "delegates/opencl/nodes.h"

#include <cmath>
#include <cstdio>
#include <string_view>

namespace safelight::opencl {

Layout LayoutOf(const Shape& shape) {
  const int rank = shape.rank();
  const auto size = [&](int from_end) { return rank >= from_end ? shape[rank - from_end] : 1; };
  return {rank > 3 ? shape.Product(0, rank - 3) : 1, size(3), size(2), size(1)};
}

int RowAxis(const Shape& shape) { return shape.rank() >= 3 ? shape.rank() - 3 : kNone; }

std::string Literal(float number) {
  if (std::isnan(number)) return "NAN";
  if (std::isinf(number)) return number < 0 ? "(-INFINITY)" : "INFINITY";
  char text[40];
  std::snprintf(text, sizeof(text), "(%af)", static_cast<double>(number));
  return text;
}

const NodeRule* FindRule(const OpDef& op) {
  for (const auto* family : {&kWindowRules, &kMoveRules, &kElementRules}) {
    for (const NodeRule& rule : *family) {
      if (std::string_view(rule.op) == op.name) return &rule;
    }
  }
  return nullptr;
}

}  // namespace safelight::opencl
