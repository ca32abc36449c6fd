// SPDX-License-Identifier: Apache-2.0
//
// Options of CONV_2D_SHUFFLE, which only passes make.
#pragma once

#include "ops/support/spatial.h"

namespace safelight {

// Inputs of the node: data, filters, bias, filters along the borders, and those of the tail.
inline constexpr int kShuffleBorders = 3, kShuffleInputs = 4;

struct ShuffleAttrs : ClampedAs<ShuffleAttrs> {
  SlidingAttrs conv;                 // neither clamp nor tail; stride and dilation 1
  int64_t block_h = 1, block_w = 1;  // pixels that one pixel of the convolution becomes
  Tail tail;
  bool tail_first = false;  // the tail belongs to the convolution, not to its shuffled pixels
};

}  // namespace safelight
