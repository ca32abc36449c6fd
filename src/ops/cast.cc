// SPDX-License-Identifier: Apache-2.0
//
// CAST: the same numbers in another type. Where TFLite leaves the result undefined it is defined here:
// too large numbers become the limit of the type, NaN becomes 0.
#include <cmath>
#include <limits>
#include <type_traits>

#include "base/half.h"
#include "ops/support/elementwise.h"

namespace safelight {
namespace {

struct Attrs : OpAttrs {
  int64_t out_type = -1;  // number in the format's TensorType; unused when the output says its own type
};

Result<std::shared_ptr<const OpAttrs>> Read(const AttrReader& reader) {
  auto attrs = std::make_shared<Attrs>();
  attrs->out_type = reader.Int(1, -1);
  return std::shared_ptr<const OpAttrs>(std::move(attrs));
}

// The type stands in the file at the output itself, so it stays as it is.
Status Infer(InferContext& context) {
  context.SetOutput(0, context.output(0).dtype, context.input(0).shape);
  return {};
}

struct Half {
  uint16_t bits;
};

template <typename To, typename From>
To Convert(From x) {
  if constexpr (std::is_same_v<From, Half>) {
    return Convert<To, float>(HalfToFloat(x.bits));
  } else if constexpr (std::is_same_v<To, Half>) {
    return Half{FloatToHalf(static_cast<float>(x))};
  } else if constexpr (std::is_same_v<To, bool>) {
    return x != From{0};
  } else if constexpr (std::is_floating_point_v<From> && std::is_integral_v<To>) {
    if (std::isnan(x)) return To{0};
    // The limit as a float may be one above the type's own, so equality clamps too.
    if (x >= static_cast<From>(std::numeric_limits<To>::max())) return std::numeric_limits<To>::max();
    if (x <= static_cast<From>(std::numeric_limits<To>::min())) return std::numeric_limits<To>::min();
    return static_cast<To>(x);
  } else {
    return static_cast<To>(x);
  }
}

template <typename To, typename From>
bool Run(const ElementRun& run, const ElementParams&) {
  const From* in = reinterpret_cast<const From*>(run.in[0]);
  To* out = reinterpret_cast<To*>(run.out);
  for (size_t i = 0; i < run.count; ++i) out[i] = Convert<To, From>(in[i * run.step[0]]);
  return true;
}

template <typename From>
ElementRunFunction FindTo(DType to) {
  switch (to) {
    case DType::kFloat32: return Run<float, From>;
    case DType::kFloat16: return Run<Half, From>;
    case DType::kFloat64: return Run<double, From>;
    case DType::kInt8: return Run<int8_t, From>;
    case DType::kUInt8: return Run<uint8_t, From>;
    case DType::kInt16: return Run<int16_t, From>;
    case DType::kUInt16: return Run<uint16_t, From>;
    case DType::kInt32: return Run<int32_t, From>;
    case DType::kUInt32: return Run<uint32_t, From>;
    case DType::kInt64: return Run<int64_t, From>;
    case DType::kUInt64: return Run<uint64_t, From>;
    case DType::kBool: return Run<bool, From>;
    default: return nullptr;
  }
}

Result<ElementFunction> Choose(const OpContext& context, bool) {
  const DType to = context.output(0).dtype;
  ElementFunction function;
  switch (context.input(0).dtype) {
    case DType::kFloat32: function.run = FindTo<float>(to); break;
    case DType::kFloat16: function.run = FindTo<Half>(to); break;
    case DType::kFloat64: function.run = FindTo<double>(to); break;
    case DType::kInt8: function.run = FindTo<int8_t>(to); break;
    case DType::kUInt8: function.run = FindTo<uint8_t>(to); break;
    case DType::kInt16: function.run = FindTo<int16_t>(to); break;
    case DType::kUInt16: function.run = FindTo<uint16_t>(to); break;
    case DType::kInt32: function.run = FindTo<int32_t>(to); break;
    case DType::kUInt32: function.run = FindTo<uint32_t>(to); break;
    case DType::kInt64: function.run = FindTo<int64_t>(to); break;
    case DType::kUInt64: function.run = FindTo<uint64_t>(to); break;
    case DType::kBool: function.run = FindTo<uint8_t>(to); break;
    default: break;
  }
  if (function.run == nullptr) {
    return Unsupported("from ", DTypeName(context.input(0).dtype), " to ", DTypeName(to), " is not built");
  }
  return function;
}

}  // namespace

extern const OpDef cast_op;
const OpDef cast_op = ElementOpDef<Choose>("CAST", 53, 1, Infer, Read);

}  // namespace safelight
