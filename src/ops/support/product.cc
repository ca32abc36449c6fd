// SPDX-License-Identifier: Apache-2.0
#include "ops/support/product.h"

#include <algorithm>

namespace safelight {

using kernels::GemmPanelArgs;
using kernels::kGemmPanel;

AlignedBuffer PackGemm(const float* b, int64_t k_stride, int64_t n_stride, int64_t k, int64_t n) {
  const int64_t panels = (n + kGemmPanel - 1) / kGemmPanel;
  AlignedBuffer packed(static_cast<size_t>(panels * k * kGemmPanel) * sizeof(float));
  float* to = reinterpret_cast<float*>(packed.data());
  for (int64_t j = 0; j < n; j += kGemmPanel, to += k * kGemmPanel) {
    kernels::PackGemmPanel(b + j * n_stride, k_stride, n_stride, k, std::min(kGemmPanel, n - j), to);
  }
  return packed;
}

void GemmPacked(GemmPanelArgs args, const float* packed) {
  const int64_t n = args.columns;
  const float* bias = args.bias;
  float* c = args.c;
  for (int64_t j = 0; j < n; j += kGemmPanel) {
    args.packed = packed + j * args.k;
    args.columns = std::min(kGemmPanel, n - j);
    args.bias = bias == nullptr ? nullptr : bias + j;
    args.c = c + j;
    kernels::GemmPanel(args);
  }
}

void GemmUnpacked(GemmPanelArgs args, const float* b, int64_t b_k_stride, int64_t b_n_stride, float* scratch) {
  const int64_t n = args.columns, all_k = args.k;
  const float* a = args.a;
  const float* bias = args.bias;
  float* c = args.c;
  args.packed = scratch;
  for (int64_t j = 0; j < n; j += kGemmPanel) {
    args.columns = std::min(kGemmPanel, n - j);
    args.bias = bias == nullptr ? nullptr : bias + j;
    args.c = c + j;
    int64_t k = 0;
    do {  // once even where there is nothing to sum: the bias remains
      args.k = std::min(kGemmPackRows, all_k - k);
      args.a = a + k * args.a_k_stride;
      args.first = k == 0;
      args.last = k + args.k == all_k;
      kernels::PackGemmPanel(b + k * b_k_stride + j * b_n_stride, b_k_stride, b_n_stride, args.k, args.columns,
                             scratch);
      kernels::GemmPanel(args);
      k += args.k;
    } while (k < all_k);
  }
}

}  // namespace safelight
