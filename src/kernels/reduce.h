// SPDX-License-Identifier: Apache-2.0
//
// Loops under the reductions: sums, maxima and minima of floats in a fixed order of lanes, so that
// the bits depend on the elements' positions and on nothing else.
//
// Element t of a run belongs to lane t modulo the number of lanes. Lanes are joined by halving: lane i takes
// lane i + count/2, until one is left. Sums are kept in double. Cost: one pass over the input; about
// one cycle per two elements where it is in L1.
#pragma once

#include <cstdint>

namespace safelight::kernels {

inline constexpr int64_t kReduceLanes = 16;  // of a reduction along the innermost axis

// acc[j] += in[t * stride + j] for t in [0, turns) in order, j in [0, lanes).
void SumLanes(const float* in, int64_t turns, int64_t stride, int64_t lanes, double* acc);
// acc[j] = max(acc[j], in[...]); an element that is not a number is passed over.
void MaxLanes(const float* in, int64_t turns, int64_t stride, int64_t lanes, float* acc);
void MinLanes(const float* in, int64_t turns, int64_t stride, int64_t lanes, float* acc);

// out[g * out_stride] = the reduction of in[g * in_stride + i], i in [0, count), over kReduceLanes lanes
// that start at zero (at the lowest and highest float for Max and Min). The sum is divided by `divisor`.
void SumEach(const float* in, int64_t groups, int64_t in_stride, int64_t count, double divisor, float* out,
             int64_t out_stride);
void MaxEach(const float* in, int64_t groups, int64_t in_stride, int64_t count, float* out, int64_t out_stride);
void MinEach(const float* in, int64_t groups, int64_t in_stride, int64_t count, float* out, int64_t out_stride);

}  // namespace safelight::kernels
