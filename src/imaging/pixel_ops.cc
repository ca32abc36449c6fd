// SPDX-License-Identifier: Apache-2.0
#include "imaging/pixel_ops.h"

#include <algorithm>

namespace safelight {

bool ChannelMap::is_uniform() const {
  if (in != out) return false;
  for (int k = 0; k < out; ++k) {
    if (offsets[static_cast<size_t>(k)] != offsets[0]) return false;
    for (int j = 0; j < in; ++j) {
      if (weights[static_cast<size_t>(k * in + j)] != (j == k ? weights[0] : 0.0f)) return false;
    }
  }
  return true;
}

kernels::PixelForm FormOf(DType dtype) {
  if (dtype == DType::kUInt8) return kernels::PixelForm::kU8;
  return dtype == DType::kUInt16 ? kernels::PixelForm::kU16 : kernels::PixelForm::kF32;
}

DType DTypeOf(PixelType type) {
  if (type == PixelType::kU8) return DType::kUInt8;
  return type == PixelType::kU16 ? DType::kUInt16 : DType::kFloat32;
}

int64_t Reflect(int64_t i, int64_t size) {
  if (size == 1) return 0;
  const int64_t period = 2 * (size - 1);
  i = (i % period + period) % period;
  return i < size ? i : period - i;
}

}  // namespace safelight
