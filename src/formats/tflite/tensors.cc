// SPDX-License-Identifier: Apache-2.0
#include "formats/tflite/tensors.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <iterator>
#include <span>

namespace safelight {
namespace {

namespace format = tflite_format;

// By number in the format's TensorType.
constexpr DType kTypes[] = {
    DType::kFloat32, DType::kFloat16,    DType::kInt32,  DType::kUInt8,     DType::kInt64,
    DType::kString,  DType::kBool,       DType::kInt16,  DType::kComplex64, DType::kInt8,
    DType::kFloat64, DType::kComplex128, DType::kUInt64, DType::kResource,  DType::kVariant,
    DType::kUInt32,  DType::kUInt16,     DType::kInt4,   DType::kBFloat16,
};
// The numbers after those.
constexpr const char* kTypesNotHere[] = {"int2", "uint4", "float8 e4m3", "float8 e5m2"};

Result<DType> ReadType(int type) {
  const int known = static_cast<int>(std::size(kTypes));
  if (type >= 0 && type < known) return kTypes[type];
  if (type >= known && type < known + static_cast<int>(std::size(kTypesNotHere))) {
    return Unsupported("element type ", kTypesNotHere[type - known], ", which safelight does not run");
  }
  return Unsupported("element type ", type, ", which the format does not define");
}

Result<Shape> ReadShape(const flatbuffers::Vector<int32_t>* dims, int lowest) {
  Shape shape;
  if (Count(dims) > Shape::kMaxRank) return Unsupported("rank ", Count(dims), ", at most ", Shape::kMaxRank);
  for (int i = 0; i < Count(dims); ++i) {
    if (dims->Get(i) < lowest) return CorruptData("size ", dims->Get(i), " in its shape");
    shape.push_back(dims->Get(i));
  }
  return shape;
}

Result<QuantParams> ReadQuant(const TfliteContainer& container, const format::QuantizationParameters* quant,
                              const Shape& shape) {
  QuantParams params;
  if (quant == nullptr) return params;
  if (quant->details_type() != 0) return Unsupported("blockwise or custom quantization, which safelight does not run");
  const int scales = Count(quant->scale());
  const int zeros = Count(quant->zero_point());
  if (scales == 0) return params;
  params.axis = quant->quantized_dimension();
  // Old converters gave a bias the axis of its weights.
  if (shape.rank() == 1 && params.axis > 0 && shape[0] == scales) params.axis = 0;
  if (scales > 1 && (params.axis < 0 || params.axis >= shape.rank() || shape[params.axis] != scales)) {
    return CorruptData(scales, " quantization scales along axis ", params.axis, " of shape ", shape.ToString());
  }
  if (zeros != scales && zeros > 1) return CorruptData(scales, " scales but ", zeros, " zero points");
  SL_TRY(container.budget->Take((sizeof(float) + sizeof(int64_t)) * static_cast<uint64_t>(scales)));
  for (int i = 0; i < scales; ++i) {
    const float scale = quant->scale()->Get(i);
    if (!std::isfinite(scale) || scale < 0) return CorruptData("quantization scale ", scale);
    params.scales.push_back(scale);
    params.zero_points.push_back(zeros == 0 ? 0 : ElementAt(*quant->zero_point(), zeros == 1 ? 0 : i));
  }
  // Files that do not quantize a tensor may still say scale 0 of it.
  if (std::count(params.scales.begin(), params.scales.end(), 0.0f) > 0) {
    if (scales > 1) return CorruptData("quantization scale 0");
    return QuantParams();
  }
  return params;
}

// The bytes of a tensor's buffer; empty when it has none.
Result<std::span<const std::byte>> FindElements(const TfliteContainer& container, uint32_t index) {
  using Bytes = std::span<const std::byte>;
  const auto* buffers = container.model->buffers();
  if (index >= static_cast<uint32_t>(Count(buffers))) {
    // A file without buffers at all has no constants; its tensors say 0.
    if (index == 0) return Bytes();
    return CorruptData("its buffer is number ", index, ", there are ", Count(buffers));
  }
  const format::Buffer& buffer = *buffers->Get(index);
  if (Count(buffer.data()) > 0) {
    return Bytes(reinterpret_cast<const std::byte*>(buffer.data()->data()), buffer.data()->size());
  }
  // Offsets 0 and 1 mean "none".
  if (buffer.offset() <= 1) return Bytes();
  // Elements behind the container, in files above 2 GB.
  const Bytes file = container.file->bytes();
  if (buffer.offset() > file.size() || buffer.size() > file.size() - buffer.offset()) {
    return CorruptData("its buffer ", index, " lies outside the file");
  }
  return file.subspan(buffer.offset(), buffer.size());
}

// A tensor in memory of its own, paid from the budget; zeros.
Result<std::shared_ptr<Tensor>> MakeTensor(const TfliteContainer& container, const Value& value) {
  const int64_t size_bytes = TensorBytes(value.dtype, value.shape);
  SL_TRY(container.budget->Take(static_cast<uint64_t>(size_bytes)));
  return std::make_shared<Tensor>(value.dtype, value.shape);
}

Status ReadElements(const TfliteContainer& container, const format::Tensor& tensor, bool computed, Value* value,
                    std::vector<std::shared_ptr<const void>>* storage) {
  if (tensor.external_buffer() != 0) return Unsupported("its elements are in another file");
  SL_ASSIGN(const std::span<const std::byte> data, FindElements(container, tensor.buffer()));
  // Strings have their own layout; no op here reads them.
  if (DTypeSize(value->dtype) == 0 && value->dtype != DType::kInt4) return {};
  if (data.empty()) {
    const bool zeros = !computed && (tensor.is_variable() || value->shape.elements() == 0);
    if (!zeros) return {};
    SL_ASSIGN(const std::shared_ptr<Tensor> made, MakeTensor(container, *value));
    // A state of int8 begins with the number that stands for 0, as in TFLite.
    if (value->dtype == DType::kInt8 && value->quant.zero_points.size() == 1) {
      std::memset(made->bytes(), static_cast<int8_t>(value->quant.zero_points[0]), made->size_bytes());
    }
    value->constant = made->bytes();
    storage->push_back(made);
    return {};
  }
  if (tensor.sparsity() != nullptr) return Unsupported("sparse weights, which safelight does not run");
  const int64_t needed = TensorBytes(value->dtype, value->shape);
  if (static_cast<uint64_t>(needed) != data.size()) {
    return CorruptData("its buffer has ", data.size(), " bytes, shape ", value->shape.ToString(), " of ",
                       DTypeName(value->dtype), " needs ", needed);
  }
  value->constant = data.data();
  const size_t alignment = std::clamp<size_t>(DTypeSize(value->dtype), 1, 8);
  if (reinterpret_cast<uintptr_t>(data.data()) % alignment == 0) return {};
  SL_ASSIGN(const std::shared_ptr<Tensor> copy, MakeTensor(container, *value));
  std::memcpy(copy->bytes(), data.data(), data.size());
  value->constant = copy->bytes();
  storage->push_back(copy);
  return {};
}

}  // namespace

Result<Value> ReadTensor(const TfliteContainer& container, const format::Tensor& tensor, bool computed,
                         std::vector<std::shared_ptr<const void>>* storage) {
  Value value;
  value.name = Text(tensor.name());
  SL_TRY(container.budget->Take(sizeof(Value) + value.name.size()));
  SL_ASSIGN(value.dtype, ReadType(tensor.type()));
  SL_ASSIGN(value.shape, ReadShape(tensor.shape(), 0));
  if (Count(tensor.shape_signature()) == value.shape.rank()) {
    SL_ASSIGN(value.signature, ReadShape(tensor.shape_signature(), -1));
  }
  SL_ASSIGN(value.quant, ReadQuant(container, tensor.quantization(), value.shape));
  SL_TRY(ReadElements(container, tensor, computed, &value, storage));
  return value;
}

}  // namespace safelight
