// SPDX-License-Identifier: Apache-2.0
//
// L2_NORMALIZATION of int8 and uint8, as TFLite's reference kernels do it: results in units of 1/128.
#pragma once

#include "graph/op_def.h"

namespace safelight {

Result<std::unique_ptr<Kernel>> PrepareQuantizedNormalize(const OpContext& context);

}  // namespace safelight
