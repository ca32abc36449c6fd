// SPDX-License-Identifier: Apache-2.0
//
// Tensors inside the library: the public vocabulary plus memory that is owned.
#pragma once

#include <cstring>
#include <memory>
#include <span>

#include "base/memory.h"
#include "base/status.h"
#include "safelight/tensor.h"

namespace safelight {

// The bytes of a tensor, including int4; INT64_MAX when the product overflows.
int64_t TensorBytes(DType dtype, const Shape& shape);

// An owned tensor, 64-byte aligned. Moves; does not copy by accident.
class Tensor {
 public:
  Tensor() = default;
  Tensor(DType dtype, const Shape& shape)
      : dtype_(dtype), shape_(shape), memory_(static_cast<size_t>(TensorBytes(dtype, shape))) {}
  Tensor(Tensor&&) = default;
  Tensor& operator=(Tensor&&) = default;

  DType dtype() const { return dtype_; }
  const Shape& shape() const { return shape_; }
  std::byte* bytes() { return memory_.data(); }
  const std::byte* bytes() const { return memory_.data(); }
  size_t size_bytes() const { return memory_.size_bytes(); }
  template <typename T>
  T* data() {
    return reinterpret_cast<T*>(memory_.data());
  }
  template <typename T>
  const T* data() const {
    return reinterpret_cast<const T*>(memory_.data());
  }
  TensorView view() { return {dtype_, shape_, memory_.data()}; }
  ConstTensorView view() const { return {dtype_, shape_, memory_.data()}; }

 private:
  DType dtype_ = DType::kFloat32;
  Shape shape_;
  AlignedBuffer memory_;
};

}  // namespace safelight
