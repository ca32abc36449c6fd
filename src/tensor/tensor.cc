// SPDX-License-Identifier: Apache-2.0
#include "tensor/tensor.h"

#include <algorithm>
#include <limits>

namespace safelight {
namespace {

struct DTypeFacts {
  const char* name;
  size_t size_bytes;
};

// In the order of DType.
constexpr DTypeFacts kFacts[] = {
    {"float32", 4},   {"float16", 2},     {"bfloat16", 2}, {"float64", 8},  {"int4", 0},    {"int8", 1},   {"uint8", 1},
    {"int16", 2},     {"uint16", 2},      {"int32", 4},    {"uint32", 4},   {"int64", 8},   {"uint64", 8}, {"bool", 1},
    {"complex64", 8}, {"complex128", 16}, {"string", 0},   {"resource", 0}, {"variant", 0},
};

}  // namespace

const char* DTypeName(DType dtype) { return kFacts[static_cast<int>(dtype)].name; }
size_t DTypeSize(DType dtype) { return kFacts[static_cast<int>(dtype)].size_bytes; }

Shape::Shape(std::span<const int64_t> dims) {
  rank_ = static_cast<int>(std::min<size_t>(dims.size(), kMaxRank));
  std::copy_n(dims.begin(), rank_, dims_.begin());
}

int64_t Shape::Product(int begin, int end) const {
  int64_t product = 1;
  for (int axis = begin; axis < end; ++axis) {
    if (__builtin_mul_overflow(product, dims_[axis], &product)) return std::numeric_limits<int64_t>::max();
  }
  return product;
}

int64_t Shape::elements() const { return Product(0, rank_); }

bool Shape::operator==(const Shape& other) const {
  return rank_ == other.rank_ && std::equal(dims_.begin(), dims_.begin() + rank_, other.dims_.begin());
}

std::string Shape::ToString() const {
  if (rank_ == 0) return "scalar";
  std::string text;
  for (int axis = 0; axis < rank_; ++axis) {
    if (axis > 0) text += 'x';
    text += std::to_string(dims_[axis]);
  }
  return text;
}

int64_t TensorBytes(DType dtype, const Shape& shape) {
  const int64_t elements = shape.elements();
  if (dtype == DType::kInt4) return elements / 2 + elements % 2;
  int64_t bytes = 0;
  if (__builtin_mul_overflow(elements, static_cast<int64_t>(DTypeSize(dtype)), &bytes)) {
    return std::numeric_limits<int64_t>::max();
  }
  return bytes;
}

}  // namespace safelight
