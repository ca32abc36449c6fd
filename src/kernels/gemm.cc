// SPDX-License-Identifier: Apache-2.0
#include "kernels/gemm.h"

#include <algorithm>
#include <cstring>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/gemm.cc"
#include "hwy/foreach_target.h"
#include "hwy/highway.h"
#include "kernels/limits-inl.h"

HWY_BEFORE_NAMESPACE();
namespace safelight::kernels {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

using D = hn::CappedTag<float, kGemmPanel / 2>;
using V = hn::Vec<D>;

// Rows [0, kRows) by two vectors of columns. `c` has room for both vectors in every row.
template <int kRows>
HWY_INLINE void Block(const GemmPanelArgs& args, const float* a, const float* packed, const float* bias, float* c,
                      int64_t c_row_stride) {
  const D d;
  const int64_t n = hn::Lanes(d);
  V sum0[kRows], sum1[kRows];
#pragma GCC unroll 16
  for (int i = 0; i < kRows; ++i) {
    sum0[i] = args.first ? hn::Zero(d) : hn::LoadU(d, c + i * c_row_stride);
    sum1[i] = args.first ? hn::Zero(d) : hn::LoadU(d, c + i * c_row_stride + n);
  }
  for (int64_t k = 0; k < args.k; ++k) {
    const V b0 = hn::LoadU(d, packed + k * kGemmPanel);
    const V b1 = hn::LoadU(d, packed + k * kGemmPanel + n);
    const float* column = a + k * args.a_k_stride;
#pragma GCC unroll 16
    for (int i = 0; i < kRows; ++i) {
      const V x = hn::Set(d, column[i * args.a_row_stride]);
      sum0[i] = hn::MulAdd(x, b0, sum0[i]);
      sum1[i] = hn::MulAdd(x, b1, sum1[i]);
    }
  }
  const V bias0 = hn::LoadU(d, bias), bias1 = hn::LoadU(d, bias + n);
  const V low = hn::Set(d, args.low), high = hn::Set(d, args.high);
#pragma GCC unroll 16
  for (int i = 0; i < kRows; ++i) {
    if (args.last) {
      sum0[i] = Limited(hn::Add(sum0[i], bias0), low, high);
      sum1[i] = Limited(hn::Add(sum1[i], bias1), low, high);
    }
    hn::StoreU(sum0[i], d, c + i * c_row_stride);
    hn::StoreU(sum1[i], d, c + i * c_row_stride + n);
  }
}

template <int kRows>
void Rows(const GemmPanelArgs& args, int64_t row, const float* bias) {
  const int64_t pair = 2 * static_cast<int64_t>(hn::Lanes(D()));
  const float* a = args.a + row * args.a_row_stride;
  float* c = args.c + row * args.c_row_stride;
  for (int64_t j = 0; j < args.columns; j += pair) {
    const int64_t columns = std::min(pair, args.columns - j);
    if (columns == pair) {
      Block<kRows>(args, a, args.packed + j, bias + j, c + j, args.c_row_stride);
      continue;
    }
    // The last columns go through a copy, so that nothing beyond them is touched.
    HWY_ALIGN float tile[kRows * kGemmPanel] = {};
    for (int i = 0; i < kRows && !args.first; ++i) {
      std::memcpy(tile + i * kGemmPanel, c + i * args.c_row_stride + j, columns * sizeof(float));
    }
    Block<kRows>(args, a, args.packed + j, bias + j, tile, kGemmPanel);
    for (int i = 0; i < kRows; ++i) {
      std::memcpy(c + i * args.c_row_stride + j, tile + i * kGemmPanel, columns * sizeof(float));
    }
  }
}

void GemmPanelT(const GemmPanelArgs& args) {
  HWY_ALIGN float bias[kGemmPanel] = {};
  if (args.bias != nullptr) std::memcpy(bias, args.bias, args.columns * sizeof(float));
  int64_t row = 0;
  for (; row + 6 <= args.rows; row += 6) Rows<6>(args, row, bias);
  switch (args.rows - row) {
    case 5: return Rows<5>(args, row, bias);
    case 4: return Rows<4>(args, row, bias);
    case 3: return Rows<3>(args, row, bias);
    case 2: return Rows<2>(args, row, bias);
    case 1: return Rows<1>(args, row, bias);
    default: return;
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace safelight::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace safelight::kernels {

HWY_EXPORT(GemmPanelT);

void GemmPanel(const GemmPanelArgs& args) { HWY_DYNAMIC_DISPATCH(GemmPanelT)(args); }

void PackGemmPanel(const float* b, int64_t k_stride, int64_t n_stride, int64_t k, int64_t columns, float* packed) {
  for (int64_t i = 0; i < k; ++i, b += k_stride, packed += kGemmPanel) {
    if (n_stride == 1) {
      std::memcpy(packed, b, columns * sizeof(float));
    } else {
      for (int64_t j = 0; j < columns; ++j) packed[j] = b[j * n_stride];
    }
    for (int64_t j = columns; j < kGemmPanel; ++j) packed[j] = 0.0f;
  }
}

}  // namespace safelight::kernels
#endif  // HWY_ONCE
