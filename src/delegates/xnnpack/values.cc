// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>

#include "delegates/xnnpack/nodes.h"

namespace safelight::xnnpack {
namespace {

bool IsPerChannel(const Value& value) { return value.quant.scales.size() > 1; }

xnn_datatype TypeOf(const Value& value) {
  switch (value.dtype) {
    case DType::kFloat32: return xnn_datatype_fp32;
    case DType::kInt8: return IsPerChannel(value) ? xnn_datatype_qcint8 : xnn_datatype_qint8;
    case DType::kUInt8: return xnn_datatype_quint8;
    case DType::kInt32: return IsPerChannel(value) ? xnn_datatype_qcint32 : xnn_datatype_qint32;
    default: return xnn_datatype_invalid;
  }
}

}  // namespace

Verdict TakesValue(const Value& value) {
  if (value.shape.rank() > XNN_MAX_TENSOR_DIMS) return Verdict::No("rank ", value.shape.rank(), ", at most 6");
  if (value.shape.elements() == 0) return Verdict::No("a value without elements");
  if (value.dtype == DType::kFloat32) return Verdict::Yes();
  if (TypeOf(value) == xnn_datatype_invalid) return Verdict::No(DTypeName(value.dtype), " values");
  if (value.quant.empty()) return Verdict::No(DTypeName(value.dtype), " values without a scale");
  return Verdict::Yes();
}

uint32_t Builder::Id(ValueId value) {
  if (value == kNone) return XNN_INVALID_VALUE_ID;
  if (ids_[value] == XNN_INVALID_VALUE_ID && status_ == xnn_status_success) {
    status_ = Define(value, XNN_INVALID_VALUE_ID, 0);
  }
  return ids_[value];
}

xnn_status Builder::Define(ValueId id, uint32_t external_id, uint32_t flags) {
  const Value& value = graph_.values[id];
  std::array<size_t, XNN_MAX_TENSOR_DIMS> dims{};
  const auto rank = static_cast<size_t>(value.shape.rank());
  std::transform(value.shape.dims().begin(), value.shape.dims().end(), dims.begin(),
                 [](int64_t size) { return static_cast<size_t>(size); });
  const xnn_datatype type = TypeOf(value);
  if (type == xnn_datatype_fp32) {
    return library.xnn_define_tensor_value(subgraph, type, rank, dims.data(), value.constant, external_id, flags,
                                           &ids_[id]);
  }
  if (type == xnn_datatype_qcint8 || type == xnn_datatype_qcint32) {
    return library.xnn_define_channelwise_quantized_tensor_value(subgraph, type, value.quant.scales.data(), rank,
                                                                 static_cast<size_t>(value.quant.axis), dims.data(),
                                                                 value.constant, external_id, flags, &ids_[id]);
  }
  return library.xnn_define_quantized_tensor_value(subgraph, type, static_cast<int32_t>(value.quant.zero_points[0]),
                                                   value.quant.scales[0], rank, dims.data(), value.constant,
                                                   external_id, flags, &ids_[id]);
}

}  // namespace safelight::xnnpack
