// SPDX-License-Identifier: Apache-2.0
//
// TOPK_V2: the k largest elements along the last axis, in falling order, and where they stand; of equals the first.
// k may be computed: then the results are at most as long as the axis. Whole tensors only.
#include <algorithm>
#include <numeric>

#include "graph/op_def.h"
#include "ops/support/visit_type.h"

namespace safelight {
namespace {

Status CheckK(int64_t k, const Shape& input) {
  const int64_t most = input[input.rank() - 1];
  if (k < 0 || k > most) return InvalidArgument("k ", k, ", must be 0 to ", most, ", the size of the last axis");
  return {};
}

Status Infer(InferContext& context) {
  const Value& input = context.input(0);
  if (input.shape.rank() == 0) return InvalidArgument("the input is a scalar, must have at least 1 dimension");
  const Value& count = context.input(1);
  if (count.dtype != DType::kInt32 || count.shape.elements() != 1) {
    return InvalidArgument("k is ", DTypeName(count.dtype), " of shape ", count.shape.ToString(),
                           ", must be one int32");
  }
  Shape shape = input.shape;
  if (count.is_constant()) {
    const int64_t k = *context.constant<int32_t>(1);
    SL_TRY(CheckK(k, input.shape));
    shape[shape.rank() - 1] = k;
  }
  context.SetOutput(0, input.dtype, shape);
  context.SetOutput(1, DType::kInt32, shape);
  return {};
}

Result<std::vector<Shape>> ResultShapes(const OpContext&, std::span<const ConstTensorView> inputs) {
  const int64_t k = *static_cast<const int32_t*>(inputs[1].data);
  Shape shape = inputs[0].shape;
  SL_TRY(CheckK(k, shape));
  shape[shape.rank() - 1] = k;
  return std::vector<Shape>{shape, shape};
}

Status Reference(const OpContext& context, std::span<const ConstTensorView> inputs,
                 std::span<const TensorView> outputs) {
  SL_ASSIGN(const std::vector<Shape> shapes, ResultShapes(context, inputs));
  const Shape& shape = inputs[0].shape;
  const int64_t size = shape[shape.rank() - 1], rows = shape.Product(0, shape.rank() - 1);
  const int64_t k = shapes[0][shape.rank() - 1];
  int32_t* indices = static_cast<int32_t*>(outputs[1].data);
  return VisitOrdered(inputs[0].dtype, [&](auto zero) {
    using T = decltype(zero);
    const T* in = static_cast<const T*>(inputs[0].data);
    T* out = static_cast<T*>(outputs[0].data);
    std::vector<int32_t> order(size);
    for (int64_t row = 0; row < rows; ++row, in += size) {
      std::iota(order.begin(), order.end(), 0);
      std::partial_sort(order.begin(), order.begin() + k, order.end(), [in](int32_t a, int32_t b) {
        // What is not a number comes last, so that the order is one.
        const bool a_is_number = in[a] == in[a], b_is_number = in[b] == in[b];
        if (a_is_number != b_is_number) return a_is_number;
        if (a_is_number && in[a] != in[b]) return in[a] > in[b];
        return a < b;
      });
      for (int64_t i = 0; i < k; ++i) {
        *indices++ = order[i];
        *out++ = in[order[i]];
      }
    }
    return Status();
  });
}

}  // namespace

extern const OpDef topk_v2_op;
const OpDef topk_v2_op{
    .name = "TOPK_V2",
    .tflite_code = 48,
    .min_inputs = 2,
    .max_inputs = 2,
    .outputs = 2,
    .infer = Infer,
    .reference = Reference,
    .shape_decided_by = 1,
    .result_shapes = ResultShapes,
};

}  // namespace safelight
