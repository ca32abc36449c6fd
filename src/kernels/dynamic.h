// SPDX-License-Identifier: Apache-2.0
//
// Float values as integers of a range that is known at run time only, and float results of integer sums: the inner
// loops of networks with float values and integer weights. Roundings are written out, none is fused; an element's bits
// depend on its operands alone.
#pragma once

#include <cstdint>

namespace safelight::kernels {

// The lowest and the highest of `count` values, at least one.
void FindRange(const float* values, int64_t count, float* low, float* high);

// out = limited(trunc(x * inverse + 0.5)), the half with the sign of x: LiteRT's way to round. What is no number
// becomes the lowest.
struct DynamicValues {
  float inverse = 0;
  float low = 0, high = 0;  // whole numbers within int16
};
void QuantizeDynamic(const float* values, int64_t count, const DynamicValues& by, int16_t* out);

// out = limited(sum * scales[c] * scale + bias[c]) for `channels` channels.
struct DynamicResults {
  const float* scales = nullptr;
  float scale = 1;
  bool scales_first = false;    // sum * (scales * scale) instead of (sum * scales) * scale
  const float* bias = nullptr;  // null: none
  float low = 0, high = 0;
};
void FinishDynamic(const int32_t* sums, int64_t channels, const DynamicResults& by, float* out);

}  // namespace safelight::kernels
