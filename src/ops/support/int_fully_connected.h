// SPDX-License-Identifier: Apache-2.0
//
// FULLY_CONNECTED of quantized values.
#pragma once

#include "graph/op_def.h"
#include "kernels/elementwise.h"

namespace safelight {

// The format's number of int32 in options that say of which type a bias is.
inline constexpr int64_t kInt32Sums = 2;

struct IntFullyConnected {
  kernels::Clamp clamp;
  bool narrow_sums = false;  // int16 without a bias sums in 32 bits
};
Status IntFullyConnectedReference(const OpContext& context, const IntFullyConnected& options,
                                  std::span<const ConstTensorView> inputs, std::span<const TensorView> outputs);
Result<std::unique_ptr<Kernel>> PrepareIntFullyConnected(const OpContext& context, const IntFullyConnected& options,
                                                         int leading, bool keeps_axes, const PrepareOptions& prepare);

}  // namespace safelight
