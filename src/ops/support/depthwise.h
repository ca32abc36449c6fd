// SPDX-License-Identifier: Apache-2.0
//
// Rows of a depthwise convolution, for DEPTHWISE_CONV_2D itself and for ops that go on with its results at once.
#pragma once

#include <memory>

#include "base/memory.h"
#include "graph/op_def.h"
#include "ops/support/spatial.h"

namespace safelight {

class DepthwiseRows {
 public:
  // `weights` and `bias` are positions among the node's inputs; input 0 is the data.
  DepthwiseRows(const OpContext& context, const SlidingAttrs& attrs, int weights, int bias,
                const PrepareOptions& options);

  const SlidingAxis& columns() const { return sliding_.columns; }
  int64_t channels() const { return channels_; }
  size_t scratch_bytes() const;
  // Makes the pixels of one run of row (n, y), `out_step` floats apart.
  void Run(const KernelArgs& args, int64_t n, int64_t y, PixelRun run, const kernels::Clamp& clamp, float* out,
           int64_t out_step) const;

 private:
  std::shared_ptr<const AlignedBuffer> RepeatWeights(const OpContext& context, const PrepareOptions& options) const;
  void RunPixels(const KernelArgs& args, int64_t n, int64_t y, const PixelRun& run, const kernels::Clamp& clamp,
                 float* out, int64_t out_step) const;

  const Sliding sliding_;
  const int weights_, bias_;
  const int64_t channels_, multiplier_, taps_;
  int64_t together_ = 1;  // pixels made as one
  std::shared_ptr<const AlignedBuffer> repeated_;
};

}  // namespace safelight
