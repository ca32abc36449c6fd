// SPDX-License-Identifier: Apache-2.0
//
// SEGMENT_SUM: sums of the slices of input 0 that bear the same number in input 1; the numbers start at 0
// and grow by at most 1. How many sums there are depends on the numbers. Whole tensors only.
#include <cstring>

#include "graph/op_def.h"
#include "ops/support/visit_type.h"

namespace safelight {
namespace {

// How many segments the ids number.
Result<int64_t> CountSegments(const int32_t* ids, int64_t count) {
  int64_t last = -1;
  for (int64_t i = 0; i < count; ++i) {
    if (ids[i] != last + 1 && (i == 0 || ids[i] != last)) {
      return InvalidArgument("segment id ", ids[i], " at ", i, ", ids must start at 0 and grow by at most 1");
    }
    last = ids[i];
  }
  return last + 1;
}

Status Infer(InferContext& context) {
  const Value& data = context.input(0);
  const Value& ids = context.input(1);
  if (data.shape.rank() == 0) return InvalidArgument("the data is a scalar, must have at least 1 dimension");
  if (ids.dtype != DType::kInt32 || ids.shape.rank() != 1 || ids.shape[0] != data.shape[0]) {
    return InvalidArgument("segment ids are ", DTypeName(ids.dtype), " of shape ", ids.shape.ToString(), ", must be ",
                           data.shape[0], " int32");
  }
  Shape shape = data.shape;
  if (ids.is_constant()) {
    SL_ASSIGN(shape[0], CountSegments(context.constant<int32_t>(1), data.shape[0]));
  }
  context.SetOutput(0, data.dtype, shape);
  return {};
}

Result<std::vector<Shape>> ResultShapes(const OpContext&, std::span<const ConstTensorView> inputs) {
  Shape shape = inputs[0].shape;
  SL_ASSIGN(shape[0], CountSegments(static_cast<const int32_t*>(inputs[1].data), shape[0]));
  return std::vector<Shape>{shape};
}

Status Reference(const OpContext& context, std::span<const ConstTensorView> inputs,
                 std::span<const TensorView> outputs) {
  SL_ASSIGN(const std::vector<Shape> shapes, ResultShapes(context, inputs));
  const Shape& shape = inputs[0].shape;
  const int64_t slice = shape.Product(1, shape.rank());
  const int32_t* ids = static_cast<const int32_t*>(inputs[1].data);
  return VisitArithmetic(inputs[0].dtype, [&](auto zero) {
    using T = decltype(zero);
    const T* in = static_cast<const T*>(inputs[0].data);
    T* out = static_cast<T*>(outputs[0].data);
    std::fill_n(out, shapes[0][0] * slice, zero);
    for (int64_t i = 0; i < shape[0]; ++i) {
      for (int64_t j = 0; j < slice; ++j) {
        T& sum = out[ids[i] * slice + j];
        if constexpr (std::is_integral_v<T>) {
          sum = static_cast<T>(static_cast<uint64_t>(sum) + static_cast<uint64_t>(*in++));  // wraps around
        } else {
          sum += *in++;
        }
      }
    }
    return Status();
  });
}

}  // namespace

extern const OpDef segment_sum_op;
const OpDef segment_sum_op{
    .name = "SEGMENT_SUM",
    .tflite_code = 125,
    .min_inputs = 2,
    .max_inputs = 2,
    .infer = Infer,
    .reference = Reference,
    .shape_decided_by = 1,
    .result_shapes = ResultShapes,
};

}  // namespace safelight
