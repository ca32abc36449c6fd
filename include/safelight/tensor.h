// SPDX-License-Identifier: Apache-2.0
//
// What a tensor is at the border of the library: an element type, a shape, and
// memory that the caller owns. Elements lie in row-major order without gaps.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <vector>

namespace safelight {

enum class DType : uint8_t {
  kFloat32,
  kFloat16,
  kBFloat16,
  kFloat64,
  kInt4,  // two in a byte, the low half first
  kInt8,
  kUInt8,
  kInt16,
  kUInt16,
  kInt32,
  kUInt32,
  kInt64,
  kUInt64,
  kBool,  // one byte, 0 or 1
  kComplex64,
  kComplex128,
  kString,
  kResource,
  kVariant,
};

// "float32", "int8", ...
const char* DTypeName(DType dtype);
// Bytes of one element; 0 for types without a fixed size (string, resource, variant) and
// for int4, whose elements share bytes.
size_t DTypeSize(DType dtype);

// Up to eight dimensions, each at least 0 once a graph has been checked; -1 stands
// for "any size" in a signature.
class Shape {
 public:
  static constexpr int kMaxRank = 8;

  Shape() = default;
  Shape(std::initializer_list<int64_t> dims) : Shape(std::span<const int64_t>(dims.begin(), dims.size())) {}
  // At most kMaxRank dims; more are cut off (readers check before).
  explicit Shape(std::span<const int64_t> dims);

  int rank() const { return rank_; }
  int64_t operator[](int axis) const { return dims_[axis]; }
  int64_t& operator[](int axis) { return dims_[axis]; }
  std::span<const int64_t> dims() const { return {dims_.data(), static_cast<size_t>(rank_)}; }
  // The product of all dims; 1 for a scalar. Saturates at INT64_MAX.
  int64_t elements() const;
  // The product of dims [begin, end).
  int64_t Product(int begin, int end) const;
  void push_back(int64_t dim) { dims_[rank_++] = dim; }
  bool operator==(const Shape& other) const;
  // "1x360x640x3"; "scalar" for rank 0.
  std::string ToString() const;

 private:
  std::array<int64_t, kMaxRank> dims_{};
  int rank_ = 0;
};

// real = scale * (stored - zero_point), one pair for the tensor or one per index of `axis`.
struct QuantParams {
  std::vector<float> scales;
  std::vector<int64_t> zero_points;
  int axis = 0;
  bool empty() const { return scales.empty(); }
};

// Memory of the caller with a type and a shape. Views are cheap and own nothing.
struct TensorView {
  DType dtype = DType::kFloat32;
  Shape shape;
  void* data = nullptr;
  size_t size_bytes() const { return static_cast<size_t>(shape.elements()) * DTypeSize(dtype); }
};
struct ConstTensorView {
  DType dtype = DType::kFloat32;
  Shape shape;
  const void* data = nullptr;
  ConstTensorView() = default;
  ConstTensorView(DType t, Shape s, const void* d) : dtype(t), shape(s), data(d) {}
  ConstTensorView(const TensorView& v) : dtype(v.dtype), shape(v.shape), data(v.data) {}  // NOLINT: widening
  size_t size_bytes() const { return static_cast<size_t>(shape.elements()) * DTypeSize(dtype); }
};

}  // namespace safelight
