// SPDX-License-Identifier: Apache-2.0
//
// SOFTMAX of quantized values: 8 bits in fixed point, int16 by tables, as TFLite's reference kernels do it.
#pragma once

#include "graph/op_def.h"

namespace safelight {

Result<std::unique_ptr<Kernel>> PrepareQuantizedSoftmax(const OpContext& context, float beta);
// LOG_SOFTMAX of 8 bits, whose results have a scale of 1/16.
Result<std::unique_ptr<Kernel>> PrepareQuantizedLogSoftmax(const OpContext& context);

}  // namespace safelight
