// SPDX-License-Identifier: Apache-2.0
//
// WHERE: the coordinates of all elements that are not zero, one row each, in row-major order.
// How many there are is known only after the run, unless the input is a constant. Whole tensors only.
#include "graph/op_def.h"
#include "ops/support/visit_type.h"

namespace safelight {
namespace {

// Calls f(i) for each element that is not zero.
template <typename F>
Status ForEachTrue(const ConstTensorView& input, F f) {
  return VisitOrdered(input.dtype, [&](auto zero) {
    const auto* x = static_cast<const decltype(zero)*>(input.data);
    const int64_t elements = input.shape.elements();
    for (int64_t i = 0; i < elements; ++i) {
      if (x[i] != 0) f(i);
    }
    return Status();
  });
}

Result<std::vector<Shape>> ResultShapes(const OpContext&, std::span<const ConstTensorView> inputs) {
  int64_t count = 0;
  SL_TRY(ForEachTrue(inputs[0], [&](int64_t) { ++count; }));
  return std::vector<Shape>{Shape{count, inputs[0].shape.rank()}};
}

Status Infer(InferContext& context) {
  const Value& input = context.input(0);
  Shape shape{input.shape.elements(), input.shape.rank()};
  if (input.is_constant()) {
    const ConstTensorView view(input.dtype, input.shape, input.constant);
    SL_ASSIGN(const std::vector<Shape> shapes, ResultShapes(context, {&view, 1}));
    shape = shapes[0];
  }
  context.SetOutput(0, DType::kInt64, shape);
  return {};
}

Status Reference(const OpContext&, std::span<const ConstTensorView> inputs, std::span<const TensorView> outputs) {
  const Shape& shape = inputs[0].shape;
  int64_t* out = static_cast<int64_t*>(outputs[0].data);
  return ForEachTrue(inputs[0], [&](int64_t i) {
    for (int axis = shape.rank() - 1; axis >= 0; --axis) {
      out[axis] = i % shape[axis];
      i /= shape[axis];
    }
    out += shape.rank();
  });
}

}  // namespace

extern const OpDef where_op;
const OpDef where_op{
    .name = "WHERE",
    .tflite_code = 109,
    .infer = Infer,
    .reference = Reference,
    .shape_decided_by = 0,
    .result_shapes = ResultShapes,
};

}  // namespace safelight
