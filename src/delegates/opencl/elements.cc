// SPDX-License-Identifier: Apache-2.0
//
// Ops that work element by element, as expressions of float4.
#include <cmath>

#include "delegates/opencl/nodes.h"
#include "ops/support/binary.h"
#include "ops/support/unary.h"

namespace safelight::opencl {
namespace {

template <size_t size>
struct Text {
  char text[size];
  constexpr Text(const char (&from)[size]) { std::copy_n(from, size, text); }  // NOLINT: a template's argument
};

template <Text text>
std::string Fixed(const NodeView&) {
  return text.text;
}

// Ops of two operands, with the limits of a fused activation.
template <Text text>
std::string Limited(const NodeView& node) {
  if (node.context.node().attrs == nullptr) return text.text;
  const kernels::Clamp& clamp = node.context.attrs<BinaryAttrs>().clamp;
  if (std::isinf(clamp.low) && std::isinf(clamp.high)) return text.text;
  return Cat("limit(", text.text, ", ", Literal(clamp.low), ", ", Literal(clamp.high), ")");
}

std::string LeakyRelu(const NodeView& node) {
  return Cat("select($A * ", Literal(node.context.attrs<LeakyReluAttrs>().alpha), ", $A, $A > 0.0f)");
}

Verdict CheckGelu(const NodeView& node) {
  if (node.context.node().file_options == nullptr) return Verdict::No("a node without the file's options");
  return Verdict::Yes();
}

std::string Gelu(const NodeView& node) {
  const bool approximate = node.context.node().file_options->Bool(0, false);
  return approximate ? "0.5f * $A * (1.0f + tanh(0.797884561f * ($A + 0.044715f * $A * $A * $A)))"
                     : "0.5f * $A * (1.0f + erf($A * 0.707106781f))";
}

// The axes in front of the last four must agree, or be 1 altogether.
Verdict CheckBroadcast(const NodeView& node) {
  const Shape& out = node.context.output(0).shape;
  for (int i = 0; i < node.context.num_inputs(); ++i) {
    const Shape& in = node.context.input(i).shape;
    if (in.elements() == out.elements() || LayoutOf(in).n == 1) continue;
    const int outer = in.rank() - 3;
    if (in.rank() != out.rank()) return Verdict::No("broadcasting in more than four axes");
    for (int axis = 0; axis < outer; ++axis) {
      if (in[axis] != out[axis]) return Verdict::No("broadcasting in more than four axes");
    }
  }
  return Verdict::Yes();
}

}  // namespace

const std::vector<NodeRule> kElementRules = {
    {"ADD", CheckBroadcast, nullptr, Limited<"($A + $B)">},
    {"SUB", CheckBroadcast, nullptr, Limited<"($A - $B)">},
    {"MUL", CheckBroadcast, nullptr, Limited<"($A * $B)">},
    {"DIV", CheckBroadcast, nullptr, Limited<"($A / $B)">},
    {"MAXIMUM", CheckBroadcast, nullptr, Fixed<"select($B, $A, $A > $B)">},
    {"MINIMUM", CheckBroadcast, nullptr, Fixed<"select($B, $A, $A < $B)">},
    {"SQUARED_DIFFERENCE", CheckBroadcast, nullptr, Fixed<"(($A - $B) * ($A - $B))">},
    {"PRELU", CheckBroadcast, nullptr, Fixed<"select($A * $B, $A, $A >= 0.0f)">},
    {"POW", CheckBroadcast, nullptr, Fixed<"pow($A, $B)">},
    {"ATAN2", CheckBroadcast, nullptr, Fixed<"atan2($A, $B)">},
    {"ABS", nullptr, nullptr, Fixed<"fabs($A)">},
    {"NEG", nullptr, nullptr, Fixed<"(-$A)">},
    {"EXP", nullptr, nullptr, Fixed<"exp($A)">},
    {"LOG", nullptr, nullptr, Fixed<"log($A)">},
    {"SQRT", nullptr, nullptr, Fixed<"sqrt($A)">},
    {"RSQRT", nullptr, nullptr, Fixed<"(1.0f / sqrt($A))">},
    {"SQUARE", nullptr, nullptr, Fixed<"($A * $A)">},
    {"FLOOR", nullptr, nullptr, Fixed<"floor($A)">},
    {"CEIL", nullptr, nullptr, Fixed<"ceil($A)">},
    {"ROUND", nullptr, nullptr, Fixed<"rint($A)">},
    {"SIGN", nullptr, nullptr, Fixed<"sign($A)">},
    {"SIN", nullptr, nullptr, Fixed<"sin($A)">},
    {"COS", nullptr, nullptr, Fixed<"cos($A)">},
    {"RELU", nullptr, nullptr, Fixed<"limit($A, 0.0f, INFINITY)">},
    {"RELU6", nullptr, nullptr, Fixed<"limit($A, 0.0f, 6.0f)">},
    {"RELU_N1_TO_1", nullptr, nullptr, Fixed<"limit($A, -1.0f, 1.0f)">},
    {"RELU_0_TO_1", nullptr, nullptr, Fixed<"limit($A, 0.0f, 1.0f)">},
    {"LEAKY_RELU", nullptr, nullptr, LeakyRelu},
    {"ELU", nullptr, nullptr, Fixed<"select(expm1($A), $A, $A >= 0.0f)">},
    {"GELU", CheckGelu, nullptr, Gelu},
    {"HARD_SWISH", nullptr, nullptr, Fixed<"($A * limit($A + 3.0f, 0.0f, 6.0f) * (1.0f / 6.0f))">},
    {"TANH", nullptr, nullptr, Fixed<"tanh($A)">},
    {"LOGISTIC", nullptr, nullptr, Fixed<"(1.0f / (1.0f + exp(-$A)))">},
};

}  // namespace safelight::opencl
