// SPDX-License-Identifier: Apache-2.0
//
// AVERAGE_POOL_2D and MAX_POOL_2D of quantized values: input and output have one scale, so stored numbers are pooled;
// means are rounded to the nearest, halves away from zero.
#pragma once

#include "ops/support/pool.h"

namespace safelight {

Result<std::unique_ptr<Kernel>> PrepareQuantizedPool(const OpContext& context, PoolKind kind, const Sliding& sliding);

}  // namespace safelight
