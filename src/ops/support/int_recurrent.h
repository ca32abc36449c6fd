// SPDX-License-Identifier: Apache-2.0
//
// The LSTM cell of quantized values: int8 in and out, a cell of int16, gates of int16. To the bits of TFLite's 8x8 ->
// 16 kernel. Inputs are those of the float cell (recurrent.h); what the gates count in with layer normalization, and
// what leaves the cell before a projection, stands in Node::inner_quants (0 to 3, and 4).
#pragma once

#include "ops/support/recurrent.h"

namespace safelight {

Status RunIntLstm(const OpContext& context, const LstmAttrs& attrs, const LstmSizes& sizes,
                  std::span<const ConstTensorView> inputs, int8_t* out, int64_t steps, int64_t step_stride,
                  int64_t batch_stride);

}  // namespace safelight
