// SPDX-License-Identifier: Apache-2.0
//
// From a DType to a C++ type: calls a generic function with a zero of the type. Both functions say
// Unsupported for types they do not know.
#pragma once

#include <cstdint>

#include "base/status.h"
#include "safelight/tensor.h"

namespace safelight {

// float32, int32, int64: what TFLite computes with as it is.
template <typename F>
Status VisitArithmetic(DType dtype, F f) {
  switch (dtype) {
    case DType::kFloat32: return f(float{});
    case DType::kInt32: return f(int32_t{});
    case DType::kInt64: return f(int64_t{});
    default: return Unsupported(DTypeName(dtype), " arithmetic is not built yet");
  }
}

// Those and the stored integers, which compare as their numbers do.
template <typename F>
Status VisitOrdered(DType dtype, F f) {
  switch (dtype) {
    case DType::kInt8: return f(int8_t{});
    case DType::kUInt8: return f(uint8_t{});
    case DType::kInt16: return f(int16_t{});
    case DType::kUInt32: return f(uint32_t{});
    case DType::kBool: return f(uint8_t{});
    default: return VisitArithmetic(dtype, f);
  }
}

// Elements that are moved and never looked at, by their size.
template <typename F>
Status VisitSize(DType dtype, F f) {
  switch (DTypeSize(dtype)) {
    case 1: return f(uint8_t{});
    case 2: return f(uint16_t{});
    case 4: return f(uint32_t{});
    case 8: return f(uint64_t{});
    default: return Unsupported("moving elements of ", DTypeName(dtype));
  }
}

}  // namespace safelight
