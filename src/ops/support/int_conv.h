// SPDX-License-Identifier: Apache-2.0
//
// CONV_2D and DEPTHWISE_CONV_2D of quantized values. Exact: taps outside of the picture are left out, sums and their
// scaling are those of SumScaling.
//
// The part of the input under a few output pixels is widened into a patch of 16 bits with zeros around the picture, so
// every pixel sums over the same taps; then kernels/int_product.h does the work.
#pragma once

#include "graph/op_def.h"
#include "ops/support/spatial.h"

namespace safelight {

// The data or the weights are integers.
bool IsIntConv(const OpContext& context);

// Of a convolution, not depthwise: what it costs, and in cells of which size it is best made.
Cost IntConvCost(const OpContext& context, const Sliding& sliding);
int IntConvGrain(const OpContext& context, const Sliding& sliding);

Status IntConvReference(const OpContext& context, bool depthwise, const Sliding& sliding,
                        std::span<const ConstTensorView> inputs, std::span<const TensorView> outputs);
Result<std::unique_ptr<Kernel>> PrepareIntConv(const OpContext& context, bool depthwise, const Sliding& sliding,
                                               const PrepareOptions& options);

}  // namespace safelight
