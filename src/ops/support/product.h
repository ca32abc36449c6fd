// SPDX-License-Identifier: Apache-2.0
//
// What the matrix products share: the clamp of a fused activation, packed weights, and products with
// a B that is only known during the run.
//
// Every element is summed over k in order, so results do not depend on what is made together.
#pragma once

#include <memory>

#include "base/memory.h"
#include "graph/op_def.h"
#include "kernels/gemm.h"
#include "ops/support/elementwise.h"

namespace safelight {

using kernels::Clamp;

// All panels of a k x n matrix whose element (i, j) is b[i * k_stride + j * n_stride].
AlignedBuffer PackGemm(const float* b, int64_t k_stride, int64_t n_stride, int64_t k, int64_t n);

// One product through all panels. `args` as for one panel at column 0, with `columns` = all n of C.
void GemmPacked(kernels::GemmPanelArgs args, const float* packed);

// The same with B packed on the way, part by part, into `scratch` (kGemmScratchBytes).
inline constexpr int64_t kGemmPackRows = 512;
inline constexpr size_t kGemmScratchBytes = kGemmPackRows * kernels::kGemmPanel * sizeof(float);
void GemmUnpacked(kernels::GemmPanelArgs args, const float* b, int64_t b_k_stride, int64_t b_n_stride, float* scratch);

}  // namespace safelight
