// SPDX-License-Identifier: Apache-2.0
//
// Weights and biases of a layer as integers: int8 from -127 to 127, symmetric, a scale for each output channel; the
// bias counts in units of input scale times weight scale.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "quantize/rounding.h"

namespace safelight {

struct IntegerWeights {
  std::vector<int8_t> weights;
  std::vector<float> scales;  // by channel
  std::vector<int64_t> bias;  // empty when the layer has none
};

struct WeightsTask {
  std::span<const float> weights = {};
  std::span<const float> bias = {};  // may be empty
  int64_t channels = 1;              // output channels, or 1 for one scale
  bool innermost = false;            // the output channel is the last axis, else the first
  size_t in_channels = 1;            // of one group, the last axis where the output channel is the first
  float in_scale = 1;
  int64_t most_bias = 0;  // that a bias may hold
  // Of each input channel, to make up for the mean error of the rounded weights in the bias; empty: leave that.
  std::span<const double> means = {};
  // Of the operands of the layer's sums: weights are rounded so that the results are off least, and the bias makes up
  // for their mean error. Null: to the nearest.
  const LayerMoments* moments = nullptr;
};

// Without a bias the layer gets none. A channel of zeros gets the largest scale of the others; one whose bias would not
// fit gets a larger one.
IntegerWeights QuantizeWeights(const WeightsTask& task);

}  // namespace safelight
