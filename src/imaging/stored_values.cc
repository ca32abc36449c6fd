// SPDX-License-Identifier: Apache-2.0
#include "imaging/stored_values.h"

#include <algorithm>
#include <cmath>

namespace safelight {

Result<Storage> StorageOf(const Port& port) {
  Storage storage{.dtype = port.dtype};
  if (port.dtype == DType::kFloat32) return storage;
  if (port.dtype == DType::kUInt8) storage.high = 255;
  if (port.dtype == DType::kInt8) {
    storage.low = -128;
    storage.high = 127;
  }
  if (port.dtype == DType::kInt16) {
    storage.low = -32768;
    storage.high = 32767;
  }
  if (storage.high == 0) {
    return Unsupported("'", port.name, "' is ", DTypeName(port.dtype),
                       ", pictures go in as float32, uint8, int8 or int16");
  }
  if (!port.quant.empty()) {
    storage.scale = port.quant.scales[0];
    storage.zero_point = static_cast<double>(port.quant.zero_points[0]);
  }
  return storage;
}

void StoreValue(void* data, const Storage& storage, int64_t at, float value) {
  if (storage.dtype == DType::kFloat32) {
    static_cast<float*>(data)[at] = value;
    return;
  }
  const double stored =
      std::clamp(std::round(double{value} / storage.scale) + storage.zero_point, storage.low, storage.high);
  if (storage.dtype == DType::kUInt8) static_cast<uint8_t*>(data)[at] = static_cast<uint8_t>(stored);
  if (storage.dtype == DType::kInt8) static_cast<int8_t*>(data)[at] = static_cast<int8_t>(stored);
  if (storage.dtype == DType::kInt16) static_cast<int16_t*>(data)[at] = static_cast<int16_t>(stored);
}

float LoadValue(const void* data, const Storage& storage, int64_t at) {
  double stored = 0;
  if (storage.dtype == DType::kFloat32) return static_cast<const float*>(data)[at];
  if (storage.dtype == DType::kUInt8) stored = static_cast<const uint8_t*>(data)[at];
  if (storage.dtype == DType::kInt8) stored = static_cast<const int8_t*>(data)[at];
  if (storage.dtype == DType::kInt16) stored = static_cast<const int16_t*>(data)[at];
  return static_cast<float>((stored - storage.zero_point) * storage.scale);
}

}  // namespace safelight
