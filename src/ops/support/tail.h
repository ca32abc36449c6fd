// SPDX-License-Identifier: Apache-2.0
//
// What a convolution does with its sums before it stores them, beyond the limits of its activation. Files know no
// such thing; passes put it there.
#pragma once

#include <vector>

#include "graph/op_def.h"
#include "kernels/elementwise.h"

namespace safelight {

// clamp(slope(sum + residual)), or clamp(slope(sum)) + residual.
struct Tail {
  int residual = kNone;        // position among the node's inputs of a value of the output's shape
  bool residual_last = false;  // added after slopes and limits
  int slopes = kNone;          // position of a constant with one number per channel: below 0 x becomes x * slope
  bool empty() const { return residual == kNone && slopes == kNone; }
};

// That the inputs beyond the op's first `own_inputs` are those of the tail, of the right shapes. Needs the output's
// shape.
Status CheckTail(const OpContext& context, const Tail& tail, int own_inputs);
// Sets the rules of the tail's inputs for an axis of the output.
void SetTailRules(const OpContext& context, const Tail& tail, int out_axis, std::vector<AxisRule>* rules);

// One element, plainly.
float ApplyTail(const Tail& tail, const kernels::Clamp& clamp, const KernelArgs& args, const int64_t* index, float sum);

// Output pixels of row (n, y): `pixels` of them, `step` apart from x on.
struct TailPixels {
  int64_t n = 0, y = 0, x = 0, step = 1, pixels = 0;
};
// Replaces the sums in args.outputs[0] by the results.
void RunTail(const Tail& tail, const kernels::Clamp& clamp, const KernelArgs& args, const TailPixels& at);
// How many pixels are best made before RunTail runs on them: so many that they stay in the nearest cache.
int64_t TailPiece(int64_t channels);

}  // namespace safelight
