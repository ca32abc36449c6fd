// SPDX-License-Identifier: Apache-2.0
//
// 3x3 convolutions of quantized values with a quarter of the products, exact: kernels/int_winograd.h over rows of tiles
// of 4x4 outputs.
#pragma once

#include "ops/support/int_sums.h"
#include "ops/support/spatial.h"

namespace safelight {

// It can be done, with the same bits as direct sums, and takes less time.
bool IntWinogradPays(const OpContext& context, const Sliding& sliding);
// What that takes, in multiply-adds of float32 that take as long, and the bytes of its weights.
Cost IntWinogradCost(const OpContext& context);

// Requires IntWinogradPays. Null where the bias needs sums of 64 bits.
std::unique_ptr<Kernel> PrepareIntWinograd(const OpContext& context, const Sliding& sliding, const SumScaling& scaling,
                                           const PrepareOptions& options);

}  // namespace safelight
