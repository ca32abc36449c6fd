// SPDX-License-Identifier: Apache-2.0
//
// Tensors in NumPy's .npy files (format versions 1 to 3, C order).
#pragma once

#include <string>
#include <vector>

#include "safelight/status.h"
#include "safelight/tensor.h"

namespace safelight {

// A tensor with its memory.
struct NpyArray {
  DType dtype = DType::kFloat32;
  Shape shape;
  std::vector<std::byte> data;
  ConstTensorView view() const { return {dtype, shape, data.data()}; }
};

// Errors: kNotFound, kIoError, kCorruptData, kUnsupported (Fortran order, big-endian, object arrays).
Result<NpyArray> ReadNpy(const std::string& path);
// Written beside the name first and renamed when whole.
Status WriteNpy(const std::string& path, const ConstTensorView& tensor);

}  // namespace safelight
