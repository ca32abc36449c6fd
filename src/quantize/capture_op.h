// SPDX-License-Identifier: Apache-2.0
//
// CAPTURE: keeps a value whole, as real numbers. Like OBSERVE it stands beside the network as an output of its own, so
// each element is written once, however the work is cut.
#pragma once

#include <memory>

#include "graph/op_def.h"
#include "tensor/tensor.h"

namespace safelight {

struct CaptureAttrs : OpAttrs {
  std::shared_ptr<Tensor> to;  // float32, of the value's shape
  float scale = 1;             // of integers: real = scale * (stored - zero_point)
  int32_t zero_point = 0;
};
extern const OpDef capture_op;

// float32, int8, uint8 and int16.
bool CanCapture(DType dtype);

}  // namespace safelight
