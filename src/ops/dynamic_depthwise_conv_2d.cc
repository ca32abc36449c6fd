// SPDX-License-Identifier: Apache-2.0
//
// DYNAMIC_DEPTHWISE_CONV_2D: DEPTHWISE_CONV_2D of values that DYNAMIC_QUANTIZE made integers, with integer weights;
// results are float32 (support/dynamic.h). Made by the engine only.
#include "ops/support/dynamic.h"

namespace safelight {

extern const OpDef dynamic_depthwise_conv_2d_op;
const OpDef dynamic_depthwise_conv_2d_op = DynamicConvOp</*depthwise=*/true>("DYNAMIC_DEPTHWISE_CONV_2D");

}  // namespace safelight
