// SPDX-License-Identifier: Apache-2.0
//
// The loops of the reductions for each kind and element type, and the kernel that drives them.
//
// A kernel keeps one accumulator per lane. Element number t of the last run of adjacent reduced axes goes to lane
// t modulo `lanes`, which depends on the shape alone; so the bits of a result depend on nothing else
// either. See kernels/reduce.h for the order in which lanes are joined.
#pragma once

#include <memory>
#include <vector>

#include "base/status.h"
#include "graph/window.h"
#include "ops/support/reduce.h"

namespace safelight {

// Accumulators are at most eight bytes each. All pointers are to elements of the type the loops were found for.
struct ReduceLoops {
  size_t element_bytes;
  size_t acc_bytes;
  void (*start)(void* acc, int64_t count);
  // acc[j] takes in[t * stride + j] for t in [0, turns), j in [0, count).
  void (*take)(const void* in, int64_t turns, int64_t stride, int64_t count, void* acc);
  void (*join)(void* acc, const void* other, int64_t count);
  void (*finish)(const void* acc, int64_t count, int64_t divisor, void* out);
  // Optional: whole groups of adjacent floats at once, with the bits of the above over kernels::kReduceLanes.
  void (*each)(const void* in, int64_t groups, int64_t in_stride, int64_t count, int64_t divisor, void* out,
               int64_t out_stride);
  bool is_mean;
};

// Unsupported where the type's arithmetic is not built.
Result<ReduceLoops> FindReduceLoops(ReduceKind kind, DType dtype);

Result<std::unique_ptr<Kernel>> MakeReduceKernel(const ReduceLoops& loops, const std::vector<bool>& reduced,
                                                 bool keep_dims, int64_t divisor, const Shape& shape);

// The reference: every element in row-major order, one accumulator of TFLite's type each.
Status ReduceWhole(ReduceKind kind, const std::vector<bool>& reduced, int64_t divisor, const ConstTensorView& input,
                   const TensorView& output);

}  // namespace safelight
