// SPDX-License-Identifier: Apache-2.0
//
// The interface's arrays, allocated with malloc: either side may free what it was given.
#pragma once

#include <cstdlib>
#include <cstring>
#include <memory>
#include <span>
#include <vector>

#include "tflite_abi/abi.h"

namespace safelight {

struct FreeArray {
  void operator()(const void* array) const { std::free(const_cast<void*>(array)); }
};
using IntsPtr = std::unique_ptr<const host::Ints, FreeArray>;
using FloatsPtr = std::unique_ptr<const host::Floats, FreeArray>;

// Null when out of memory.
inline IntsPtr MakeInts(std::span<const int32_t> values) {
  auto* array = static_cast<host::Ints*>(std::malloc(sizeof(int32_t) * (values.size() + 1)));
  if (array == nullptr) return nullptr;
  array->size = static_cast<int32_t>(values.size());
  if (!values.empty()) std::memcpy(array->at, values.data(), values.size_bytes());
  return IntsPtr(array);
}

inline FloatsPtr MakeFloats(std::span<const float> values) {
  auto* array = static_cast<host::Floats*>(std::malloc(sizeof(float) * (values.size() + 1)));
  if (array == nullptr) return nullptr;
  array->size = static_cast<int32_t>(values.size());
  if (!values.empty()) std::memcpy(array->at, values.data(), values.size_bytes());
  return FloatsPtr(array);
}

inline std::vector<int32_t> ToVector(const host::Ints* array) {
  if (array == nullptr || array->size <= 0) return {};
  return {array->at, array->at + array->size};
}

}  // namespace safelight
