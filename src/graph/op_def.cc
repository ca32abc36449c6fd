// SPDX-License-Identifier: Apache-2.0
#include "graph/op_def.h"

namespace safelight {
namespace {

template <typename T>
std::vector<int64_t> Widen(const std::byte* bytes, int64_t count) {
  const T* elements = reinterpret_cast<const T*>(bytes);
  return std::vector<int64_t>(elements, elements + count);
}

}  // namespace

Result<std::vector<int64_t>> OpContext::ConstInts(int i) const {
  if (!has_input(i)) return InvalidArgument("input ", i, " is missing");
  const Value& value = input(i);
  if (!value.is_constant()) {
    return Unsupported("input ", i, " '", value.name, "' is not known before the run");
  }
  const int64_t count = value.shape.elements();
  switch (value.dtype) {
    case DType::kInt32: return Widen<int32_t>(value.constant, count);
    case DType::kInt64: return Widen<int64_t>(value.constant, count);
    case DType::kInt16: return Widen<int16_t>(value.constant, count);
    case DType::kInt8: return Widen<int8_t>(value.constant, count);
    case DType::kBool:
    case DType::kUInt8: return Widen<uint8_t>(value.constant, count);
    default:
      return InvalidArgument("input ", i, " '", value.name, "' is ", DTypeName(value.dtype), ", must be integers");
  }
}

bool HasDynamicShape(const Graph& graph, const Node& node) {
  const int input = node.op->shape_decided_by;
  return input != kNone && !graph.values[node.inputs[static_cast<size_t>(input)]].is_constant();
}

}  // namespace safelight
