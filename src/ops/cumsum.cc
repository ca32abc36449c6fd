// SPDX-License-Identifier: Apache-2.0
//
// CUMSUM: running sums along one axis; exclusive leaves an element out of its own sum, reverse starts at the end.
// Whole tensors only.
#include "graph/op_def.h"
#include "ops/support/visit_type.h"

namespace safelight {
namespace {

struct CumsumAttrs : OpAttrs {
  bool exclusive = false;
  bool reverse = false;
};

Result<std::shared_ptr<const OpAttrs>> Read(const AttrReader& reader) {
  auto attrs = std::make_shared<CumsumAttrs>();
  attrs->exclusive = reader.Bool(0, false);
  attrs->reverse = reader.Bool(1, false);
  return std::shared_ptr<const OpAttrs>(std::move(attrs));
}

// Without a list of its own: it is asked for in every run.
Result<int> AxisOf(const OpContext& context) {
  const Value& value = context.input(1);
  if (!value.is_constant()) return Unsupported("the axis '", value.name, "' is not known before the run");
  if (value.dtype != DType::kInt32 || value.shape.elements() != 1) {
    return InvalidArgument("the axis is ", DTypeName(value.dtype), " of shape ", value.shape.ToString(),
                           ", must be one int32");
  }
  const int rank = context.input(0).shape.rank(), axis = *context.constant<int32_t>(1);
  if (axis < -rank || axis >= rank) return InvalidArgument("axis ", axis, " of an input of ", rank, " dimensions");
  return axis < 0 ? axis + rank : axis;
}

Status Infer(InferContext& context) {
  SL_TRY(AxisOf(context).status());
  context.SetOutput(0, context.input(0).dtype, context.input(0).shape);
  return {};
}

template <typename T>
T Plus(T a, T b) {
  if constexpr (std::is_integral_v<T>) {
    return static_cast<T>(static_cast<uint64_t>(a) + static_cast<uint64_t>(b));  // wraps around
  } else {
    return a + b;
  }
}

Status Reference(const OpContext& context, std::span<const ConstTensorView> inputs,
                 std::span<const TensorView> outputs) {
  static const CumsumAttrs kDefaults;
  const auto& attrs = context.node().attrs == nullptr ? kDefaults : context.attrs<CumsumAttrs>();
  SL_ASSIGN(const int axis, AxisOf(context));
  const Shape& shape = inputs[0].shape;
  const int64_t outer = shape.Product(0, axis), count = shape[axis], inner = shape.Product(axis + 1, shape.rank());
  return VisitArithmetic(inputs[0].dtype, [&](auto zero) {
    using T = decltype(zero);
    const T* in = static_cast<const T*>(inputs[0].data);
    T* out = static_cast<T*>(outputs[0].data);
    for (int64_t o = 0; o < outer; ++o) {
      for (int64_t j = 0; j < inner; ++j) {
        T sum = zero;
        for (int64_t i = 0; i < count; ++i) {
          const int64_t at = (o * count + (attrs.reverse ? count - 1 - i : i)) * inner + j;
          const T next = Plus(sum, in[at]);
          out[at] = attrs.exclusive ? sum : next;
          sum = next;
        }
      }
    }
    return Status();
  });
}

}  // namespace

extern const OpDef cumsum_op;
const OpDef cumsum_op{
    .name = "CUMSUM",
    .tflite_code = 128,
    .min_inputs = 2,
    .max_inputs = 2,
    .read = Read,
    .infer = Infer,
    .reference = Reference,
};

}  // namespace safelight
