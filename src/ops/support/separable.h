// SPDX-License-Identifier: Apache-2.0
//
// Options of SEPARABLE_CONV_2D, which only passes make.
#pragma once

#include "ops/support/spatial.h"

namespace safelight {

// `clamp` and `tail` are those of the pointwise convolution.
struct SeparableAttrs : ClampedAs<SeparableAttrs> {
  SlidingAttrs depthwise;  // without a tail
  Tail tail;
};

}  // namespace safelight
