// SPDX-License-Identifier: Apache-2.0
//
// The curves of TFLite's reference kernels that are more than a formula: tables with interpolation for int16,
// fixed-point logistic and tanh of int16, HARD_SWISH of 8 bits.
#pragma once

#include <cmath>
#include <functional>
#include <vector>

#include "ops/support/quantized.h"

namespace safelight {

// 512 steps over all stored values of int16 and one more sample; each is moved by half of what linear interpolation
// misses in the middle of its step.
template <typename F, typename Function>
std::vector<int16_t> SampleCurve(F in_scale, int32_t in_zero, F out_scale, int32_t out_zero, Function f) {
  constexpr int kSteps = 512;
  const F in_low = in_scale * static_cast<F>(INT16_MIN - in_zero),
          in_high = in_scale * static_cast<F>(INT16_MAX - in_zero);
  const F out_low = out_scale * static_cast<F>(INT16_MIN - out_zero);
  const F out_high = out_scale * static_cast<F>(INT16_MAX - out_zero);
  const F step = (in_high - in_low) / kSteps, half_step = step / 2;
  const F inverse = static_cast<F>(INT16_MAX - INT16_MIN + 1) / (out_high - out_low);
  const auto stored = [](F x) {
    return static_cast<int16_t>(std::min<F>(std::max<F>(x, static_cast<F>(INT16_MIN)), static_cast<F>(INT16_MAX)));
  };
  std::vector<int16_t> samples;
  for (int i = 0; i < kSteps; ++i) {
    const F at = in_low + static_cast<F>(i) * step;
    const F sample = std::round(f(at) * inverse);
    const F next = f(in_low + static_cast<F>(i + 1) * step) * inverse;
    const F between = std::round((next + sample) / 2), middle = std::round(f(at + half_step) * inverse);
    samples.push_back(stored(sample - std::round((between - middle) / 2)));
  }
  samples.push_back(stored(std::round(f(in_high) * inverse)));
  return samples;
}

// The curve at stored value `x`.
inline int32_t Interpolate(const std::vector<int16_t>& samples, int32_t x) {
  const size_t index = static_cast<size_t>(256 + (x >> 7));
  const int32_t base = samples[index], slope = static_cast<int16_t>(samples[index + 1] - base);
  return static_cast<int16_t>(base + ((slope * (x & 0x7F) + 64) >> 7));
}

// From stored int16 of scale `in_scale` to stored int16 of scale 1/32768.
std::function<int32_t(int32_t)> LogisticOfWords(float in_scale);
std::function<int32_t(int32_t)> TanhOfWords(float in_scale);

Result<std::function<int32_t(int32_t)>> HardSwishOfBytes(const Quantization& in, const Quantization& out,
                                                         const StoredRange& range);

}  // namespace safelight
