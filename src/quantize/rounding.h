// SPDX-License-Identifier: Apache-2.0
//
// Each weight rounded up or down so that the layer's results, not the weights, are off least: the choice that AdaRound
// (Nagel et al., "Up or Down? Adaptive Rounding for Post-Training Quantization", 2020) makes by gradient descent, here
// by coordinate descent on the exact expected error. With d what the weights of a channel are off, and x its operands,
// the mean squared error of a result is d' E[x x'] d, so the operands' second moments are all that is to be known.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace safelight {

// Of the operands of a layer's sums, over positions that were looked at. A group is a set of input channels that some
// output channels read; in a group operands stand in the order of a channel's weights (row, column, channel).
struct LayerMoments {
  size_t groups = 0, operands = 0;  // operands: of a group
  int64_t count = 0;                // positions
  std::vector<double> sums;         // by group and operand
  std::vector<double> products;     // by group, operand, operand; the upper triangle
};

// One channel's weights. `rounded` comes as the nearest integers, from -127 to 127, and leaves as neighbours of
// weight / scale; d' M d is no larger than before. `moments`: of the channel's group, symmetric, row by row.
void AdaptRounding(std::span<const float> weights, double scale, std::span<const double> moments,
                   std::span<int8_t> rounded);

// Second moments of a group, about the mean if `central`, both halves, with a little more on the diagonal so that what
// was never seen to vary counts as well.
std::vector<double> MomentsOfGroup(const LayerMoments& layer, size_t group, bool central);

}  // namespace safelight
