// SPDX-License-Identifier: Apache-2.0
//
// Matrix products of floats: C = clamp(A B + bias), B packed in panels of 16 columns.
//
// Element (i, j) of C is the sum over k = 0, 1, 2, ... of one fused multiply-add each, then the bias:
// the same bits whatever rows and columns are made together. A is read one element at a time through any two
// strides, so that a transposed A needs no copy. Cost: six rows by two vectors of sums in registers.
#pragma once

#include <cstdint>

namespace safelight::kernels {

inline constexpr int64_t kGemmPanel = 16;  // columns of a panel

// Columns [0, columns) of B as one panel: packed[k * kGemmPanel + j] = b[k * k_stride + j * n_stride], zeros
// beyond `columns` (at most kGemmPanel).
void PackGemmPanel(const float* b, int64_t k_stride, int64_t n_stride, int64_t k, int64_t columns, float* packed);

struct GemmPanelArgs {
  const float* a;  // element (i, k) at a[i * a_row_stride + k * a_k_stride]
  int64_t a_row_stride;
  int64_t a_k_stride;
  int64_t rows;
  int64_t k;
  const float* packed;
  int64_t columns;    // of the panel that exist in C
  const float* bias;  // `columns` floats, or null
  float* c;           // element (i, j) at c[i * c_row_stride + j]
  int64_t c_row_stride;
  float low;  // the clamp: a fused activation, or the whole range
  float high;
  bool first = true;  // false: go on from the sums that an earlier part of k left in C
  bool last = true;   // false: leave sums in C, without bias and clamp
};
void GemmPanel(const GemmPanelArgs& args);

}  // namespace safelight::kernels
