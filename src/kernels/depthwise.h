// SPDX-License-Identifier: Apache-2.0
//
// One pixel of a depthwise convolution: every channel with its own filter.
#pragma once

#include <cstdint>

namespace safelight::kernels {

// out[c] = clamp(bias[c] + sum over t of in[t][c] * weights[tap_index[t] * channels + c]), in the order of t.
// Nothing is read or written past `channels` elements.
void RunDepthwiseTaps(const float* const* in, const int32_t* tap_index, int64_t taps, const float* weights,
                      const float* bias, int64_t channels, float low, float high, float* out);

}  // namespace safelight::kernels
