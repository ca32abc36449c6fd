// SPDX-License-Identifier: Apache-2.0
//
// The window of TRANSPOSE_CONV, and its sums of quantized values.
#pragma once

#include "graph/op_def.h"
#include "kernels/elementwise.h"

namespace safelight {

// One axis of the transposed window.
struct SpreadAxis {
  int64_t in, out, taps, stride, pad;
  AxisRule Rule(int axis) const {
    return AxisRule::Divided(axis, in, 1, pad - taps + stride, taps - stride + 1, stride);
  }
  // The input that tap k of output y meets, or -1.
  int64_t InputOf(int64_t y, int64_t k) const {
    const int64_t at = y + pad - k;
    if (at < 0 || at % stride != 0 || at / stride >= in) return -1;
    return at / stride;
  }
};

struct Spread {
  SpreadAxis rows, columns;
};

// Of one node.
struct IntSpread {
  Spread spread;
  kernels::Clamp clamp;
  bool narrow_sums = false;  // int16 without a bias sums in 32 bits
};
// Plain loops: the reference, and the path of weights that are computed at run time.
Result<std::unique_ptr<Kernel>> PreparePlainIntSpread(const OpContext& context, const IntSpread& of);
// Constant weights and bias.
Result<std::unique_ptr<Kernel>> PrepareIntSpread(const OpContext& context, const IntSpread& of,
                                                 const PrepareOptions& options);

}  // namespace safelight
