// SPDX-License-Identifier: Apache-2.0
//
// Constant weights of quantized sums, packed, and the way from widened values to stored results: for everything that
// sums runs of neighbouring values with weights of every output channel.
#pragma once

#include <memory>

#include "base/memory.h"
#include "graph/pack_cache.h"
#include "ops/support/int_sums.h"

namespace safelight {

class IntMatrix {
 public:
  // Weights are [groups * out][runs][length]. `bias` is null or the node's constant.
  IntMatrix(SumScaling scaling, const Value& weights, const Value* bias, int64_t groups, int64_t runs, int64_t length,
            PackCache* cache);

  const SumScaling& scaling() const { return scaling_; }
  // Values at `in` that meet run `run` of the weights; one more is read where the length is odd.
  kernels::IntRun RunOf(int64_t run, const int16_t* in) const { return {in, run * run_pairs_, run_pairs_}; }
  size_t scratch_bytes(int64_t pixels) const;

  // Pixels `in_step` values apart, their results `to + p * out_step` elements into `out`, channels of one group.
  struct Pixels {
    const kernels::IntRun* runs = nullptr;
    int64_t num_runs = 0, in_step = 0, pixels = 0;
    int64_t group = 0, to = 0, out_step = 0;
  };
  void Run(const Pixels& pixels, const Window& out, const Window* bias, std::byte* scratch) const;

 private:
  void SumWide(const int16_t* packed, kernels::IntPixels of, int64_t count, int64_t* wide) const;
  bool FitsNarrow(const Value& weights) const;
  AlignedBuffer Pack(const Value& weights) const;

  SumScaling scaling_;
  const int64_t groups_, group_out_, runs_, length_, run_pairs_;
  bool splits_ = false;  // sums of 64 bits take several of 32
  std::shared_ptr<const AlignedBuffer> packed_;
};

// `channels` sums as results from `first` on, where sums have 32 bits.
void StoreSums(const SumScaling& scaling, const int32_t* sums, int64_t first, int64_t channels, const Window& out,
               int64_t to);

}  // namespace safelight
