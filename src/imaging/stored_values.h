// SPDX-License-Identifier: Apache-2.0
//
// How a port stores real numbers: as they are, or quantized.
#pragma once

#include <cstdint>

#include "base/status.h"
#include "safelight/model.h"
#include "safelight/tensor.h"

namespace safelight {

// real = scale * (stored - zero_point); stored lies in [low, high]. Float32 is stored as it is.
struct Storage {
  DType dtype = DType::kFloat32;
  double scale = 1, zero_point = 0, low = 0, high = 0;
};

// Errors: kUnsupported for types other than float32, uint8, int8 and int16; names the port.
Result<Storage> StorageOf(const Port& port);

// Element `at` of a tensor's data, rounded to nearest and clipped where it is quantized.
void StoreValue(void* data, const Storage& storage, int64_t at, float value);
float LoadValue(const void* data, const Storage& storage, int64_t at);

}  // namespace safelight
