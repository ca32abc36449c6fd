// SPDX-License-Identifier: Apache-2.0
#include "runtime/tensor_error.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

namespace safelight {
namespace {

template <typename T>
TensorError Compare(const T* right, const T* other, int64_t count, double bound_of_range, double bound_steps) {
  TensorError error;
  error.elements = count;
  double low = std::numeric_limits<double>::infinity(), high = -low;
  for (int64_t i = 0; i < count; ++i) {
    const auto value = static_cast<double>(right[i]);
    if (!std::isfinite(value)) continue;
    low = std::min(low, value);
    high = std::max(high, value);
  }
  error.range = high > low ? high - low : 0;
  // Values that are all alike leave no range; then a share of the value itself.
  const double scale = error.range > 0 ? error.range : std::max(1.0, std::isfinite(high) ? std::abs(high) : 1.0);
  const double bound = bound_of_range * scale + bound_steps;
  double squares = 0;
  for (int64_t i = 0; i < count; ++i) {
    const auto a = static_cast<double>(right[i]), b = static_cast<double>(other[i]);
    if (!std::isfinite(a)) continue;
    if (!std::isfinite(b)) {
      ++error.not_finite;
      continue;
    }
    const double off = std::abs(a - b);
    squares += off * off;
    error.largest = std::max(error.largest, off);
    error.beyond += off > bound ? 1 : 0;
  }
  error.psnr = squares > 0 ? 10 * std::log10(scale * scale * static_cast<double>(count) / squares)
                           : std::numeric_limits<double>::infinity();
  return error;
}

}  // namespace

TensorError CompareTensors(const ConstTensorView& right, const ConstTensorView& other, double bound, int steps) {
  const int64_t count = right.shape.elements();
  const auto compare = [&]<typename T>(T, double share, double whole) {
    return Compare(static_cast<const T*>(right.data), static_cast<const T*>(other.data), count, share, whole);
  };
  switch (right.dtype) {
    case DType::kFloat32: return compare(float{}, bound, 0);
    case DType::kInt8: return compare(int8_t{}, 0, steps);
    case DType::kUInt8: return compare(uint8_t{}, 0, steps);
    case DType::kInt16: return compare(int16_t{}, 0, steps);
    case DType::kInt32: return compare(int32_t{}, 0, 0);
    case DType::kInt64: return compare(int64_t{}, 0, 0);
    default: {
      TensorError error;
      error.elements = count;
      error.beyond = CountDifferent(right, other);
      return error;
    }
  }
}

int64_t CountDifferent(const ConstTensorView& a, const ConstTensorView& b) {
  const size_t size = DTypeSize(a.dtype);
  const auto *x = static_cast<const std::byte*>(a.data), *y = static_cast<const std::byte*>(b.data);
  int64_t count = 0;
  for (int64_t i = 0; i < a.shape.elements(); ++i) {
    const size_t at = static_cast<size_t>(i) * size;
    count += std::memcmp(x + at, y + at, size) != 0 ? 1 : 0;
  }
  return count;
}

}  // namespace safelight
