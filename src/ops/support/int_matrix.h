// SPDX-License-Identifier: Apache-2.0
//
// Constant weights of quantized sums, packed, and the way from inputs to stored results: for everything that sums runs
// of neighbouring values with weights of every output channel.
#pragma once

#include <memory>
#include <vector>

#include "base/memory.h"
#include "graph/pack_cache.h"
#include "ops/support/int_inputs.h"
#include "ops/support/int_sums.h"

namespace safelight {

class IntMatrix {
 public:
  struct Filters {
    int64_t groups, runs, length;  // weights are [groups * out][runs][length]
    bool skips = false;            // pixels may leave runs out
  };
  // `data` is what the weights are multiplied with; `bias` is null or the node's constant.
  IntMatrix(SumScaling scaling, const Value& data, const Value& weights, const Value* bias, const Filters& filters,
            PackCache* cache);

  const SumScaling& scaling() const { return scaling_; }
  // How the values must lie that runs point at.
  const IntInputs& inputs() const { return inputs_; }
  // Values at `in` that meet run `run` of the weights; up to three bytes more are read, and do not count.
  kernels::IntRun RunOf(int64_t run, const void* in) const { return {in, run * run_groups_, run_groups_}; }
  size_t scratch_bytes(int64_t pixels) const;

  // Pixels `in_step` bytes apart, their results `to + p * out_step` elements into `out`, channels of one group.
  struct Pixels {
    const kernels::IntRun* runs = nullptr;
    int64_t num_runs = 0, in_step = 0, pixels = 0;
    int64_t group = 0, to = 0, out_step = 0;
  };
  void Run(const Pixels& pixels, const Window& out, const Window* bias, std::byte* scratch) const;

 private:
  struct Sizes;  // of the numbers in a filter
  Sizes Measure(const Value& weights) const;
  void SumWide(const std::byte* packed, kernels::IntPixels of, int64_t count, int64_t* wide) const;
  AlignedBuffer Pack(const Value& weights) const;

  SumScaling scaling_;
  IntInputs inputs_;
  const kernels::IntProduct* product_;
  const int64_t groups_, group_out_, runs_, length_;
  int64_t run_groups_ = 0;  // of four bytes
  std::shared_ptr<const AlignedBuffer> packed_;
};

}  // namespace safelight
