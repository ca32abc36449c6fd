// SPDX-License-Identifier: Apache-2.0
//
// RANGE: start, start + delta, ... up to limit, which is left out. The three inputs are constant scalars, for
// nothing else bounds the length.
#include <cmath>

#include "graph/op_def.h"
#include "ops/support/visit_type.h"

namespace safelight {
namespace {

constexpr int64_t kMostElements = (int64_t{1} << 31) - 1;

template <typename T>
Result<int64_t> CountOf(T start, T limit, T delta) {
  if (!(delta != 0)) return InvalidArgument("delta is 0");
  if ((start > limit && delta > 0) || (start < limit && delta < 0)) {
    return InvalidArgument("delta ", delta, " never leads from ", start, " to ", limit);
  }
  double count = 0;
  if constexpr (std::is_integral_v<T>) {
    // Unsigned differences cannot overflow.
    const uint64_t distance = start > limit ? static_cast<uint64_t>(start) - static_cast<uint64_t>(limit)
                                            : static_cast<uint64_t>(limit) - static_cast<uint64_t>(start);
    const uint64_t step = delta > 0 ? static_cast<uint64_t>(delta) : uint64_t{0} - static_cast<uint64_t>(delta);
    const uint64_t whole = distance / step + (distance % step != 0);
    if (whole <= static_cast<uint64_t>(kMostElements)) return static_cast<int64_t>(whole);
    count = static_cast<double>(whole);
  } else {
    count = std::ceil(std::abs((limit - start) / delta));
  }
  if (!(count <= static_cast<double>(kMostElements))) return ResourceLimit("a range of ", count, " elements");
  return static_cast<int64_t>(count);
}

Status Infer(InferContext& context) {
  const DType dtype = context.input(0).dtype;
  for (int i = 0; i < 3; ++i) {
    const Value& value = context.input(i);
    if (value.dtype != dtype || value.shape.elements() != 1) {
      return InvalidArgument("input ", i, " is ", DTypeName(value.dtype), " of shape ", value.shape.ToString(),
                             ", must be one ", DTypeName(dtype));
    }
    if (!value.is_constant()) return Unsupported("input ", i, " '", value.name, "' is not known before the run");
  }
  return VisitArithmetic(dtype, [&](auto zero) -> Status {
    using T = decltype(zero);
    SL_ASSIGN(const int64_t count, CountOf(*context.constant<T>(0), *context.constant<T>(1), *context.constant<T>(2)));
    context.SetOutput(0, dtype, Shape{count});
    return {};
  });
}

Status Reference(const OpContext&, std::span<const ConstTensorView> inputs, std::span<const TensorView> outputs) {
  return VisitArithmetic(inputs[0].dtype, [&](auto zero) {
    using T = decltype(zero);
    T value = *static_cast<const T*>(inputs[0].data);
    const T delta = *static_cast<const T*>(inputs[2].data);
    T* out = static_cast<T*>(outputs[0].data);
    const int64_t count = outputs[0].shape.elements();
    for (int64_t i = 0; i < count; ++i) {
      out[i] = value;
      if constexpr (std::is_integral_v<T>) {
        // The step behind the last element may wrap around.
        value = static_cast<T>(static_cast<uint64_t>(value) + static_cast<uint64_t>(delta));
      } else {
        value += delta;
      }
    }
    return Status();
  });
}

}  // namespace

extern const OpDef range_op;
const OpDef range_op{
    .name = "RANGE",
    .tflite_code = 96,
    .min_inputs = 3,
    .max_inputs = 3,
    .infer = Infer,
    .reference = Reference,
};

}  // namespace safelight
