// SPDX-License-Identifier: Apache-2.0
//
// What resampling does along one axis: for each output place a run of input places with weights.
//
// Weights are made once in double and sum to 1; mirrored places at the border are folded into the
// run, so that loops over it need no border case. Cost: output size times run length.
#pragma once

#include <cstdint>
#include <vector>

#include "safelight/image.h"

namespace safelight {

struct Taps {
  int64_t run = 0;             // length of every run, at most the input size
  std::vector<int64_t> first;  // per output place
  std::vector<float> weights;  // `run` per output place

  const float* WeightsOf(int64_t out) const { return weights.data() + out * run; }
};

// Both sizes at least 1. kNearest gives runs of 1.
Taps MakeTaps(int64_t in_size, int64_t out_size, Filter filter);

// The input place whose pixel covers the middle of output place `out`.
int64_t NearestPlace(int64_t in_size, int64_t out_size, int64_t out);

}  // namespace safelight
