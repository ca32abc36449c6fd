// SPDX-License-Identifier: Apache-2.0
//
// The one loop behind all ops that work element by element.
//
// It walks the box of an output, with inputs broadcast as TFLite does (axes aligned from the right, size 1
// repeats), and hands over the longest runs of elements that lie next to each other. An op gives a
// run function and is done.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "graph/op_def.h"
#include "kernels/elementwise.h"
#include "ops/support/quantized.h"

namespace safelight {

inline constexpr int kMaxElementInputs = 8;    // of a chain
inline constexpr int kMaxElementOperands = 3;  // of one function

// `count` outputs next to each other; input k advances by step[k] (0 or 1) elements.
struct ElementRun {
  const std::byte* in[kMaxElementInputs];
  size_t step[kMaxElementInputs];
  std::byte* out;
  size_t count;
};

// What ops of quantized operands need: their zero points and scales, the output's limits.
struct QuantizedElements {
  int32_t a_zero = 0, b_zero = 0, out_zero = 0;
  int left_shift = 0;  // of the operands before they are scaled
  Multiplier a, b, out;
  StoredRange limits;
  // The result for every stored value there is, counted from the lowest.
  std::shared_ptr<const std::vector<int16_t>> table;
};

// What a run function may need besides its operands.
struct ElementParams {
  kernels::UnaryRun unary = nullptr;
  kernels::BinaryRun binary = nullptr;
  kernels::Clamp clamp;
  float parameter = 0;
  double scale = 1, in_scale = 1;  // quantization of the output and of the input
  int64_t zero_point = 0, in_zero_point = 0;
  const void* chain = nullptr;  // of ELEMENT_CHAIN: its options, which must outlive the function
  Multiplier ratio;             // in_scale / scale
  QuantizedElements quantized;
};

// False when an element has no result (an integer divided by zero).
using ElementRunFunction = bool (*)(const ElementRun&, const ElementParams&);

struct ElementFunction {
  ElementRunFunction run = nullptr;
  ElementParams params;
};

// The run function for a node's types; `plain` asks for the obvious one. Unsupported for types without arithmetic.
using ElementChooser = Result<ElementFunction> (*)(const OpContext&, bool plain);

std::vector<AxisRule> ElementAxes(const OpContext& context, int out_axis);
Status RunElements(const ElementFunction& function, const KernelArgs& args);
Status ElementReference(ElementChooser choose, const OpContext& context, std::span<const ConstTensorView> inputs,
                        std::span<const TensorView> outputs);
Result<std::unique_ptr<Kernel>> PrepareElements(ElementChooser choose, const OpContext& context);

// The shape of all inputs broadcast against each other; InvalidArgument when they do not fit.
Result<Shape> BroadcastShape(const OpContext& context);
// The output has the broadcast shape and the type of input 0, which all inputs share.
Status InferSameType(InferContext& context);

// A fused activation as limits. Codes as in the format: 0 none, 1 RELU, 2 RELU_N1_TO_1, 3 RELU6.
Result<kernels::Clamp> ClampOfActivation(int64_t code);

Status UnsupportedElementType(const OpContext& context);

// An OpDef from a chooser and a shape rule.
template <ElementChooser choose>
constexpr OpDef ElementOpDef(const char* name, int tflite_code, int inputs, Status (*infer)(InferContext&),
                             Result<std::shared_ptr<const OpAttrs>> (*read)(const AttrReader&) = nullptr) {
  OpDef op{};
  op.name = name;
  op.tflite_code = tflite_code;
  op.min_inputs = op.max_inputs = inputs;
  op.read = read;
  op.infer = infer;
  op.axes = ElementAxes;
  op.element = choose;
  op.reference = [](const OpContext& context, std::span<const ConstTensorView> in, std::span<const TensorView> out) {
    return ElementReference(choose, context, in, out);
  };
  op.prepare = [](const OpContext& context, const PrepareOptions&) { return PrepareElements(choose, context); };
  return op;
}

}  // namespace safelight
