// SPDX-License-Identifier: Apache-2.0
//
// What becomes of sums of products of quantized values: scaled with rounding as TFLite's reference kernels do it,
// shifted by the zero point, limited and stored. Exact.
#pragma once

#include <cstdint>

namespace safelight::kernels {

// Arrays are by channel.
struct Requantize {
  enum class Rule {
    kAny,    // (sum + bias) * 2^left * factor / 2^31, rounded, / 2^right, rounded with ties away from zero
    kSmall,  // the same where no left is above 0, 1 <= right <= kMostRight, |sum + bias| < 2^30 without wrapping around
    kWide,   // (sum + bias) * factor / 2^right, rounded once with ties up; factor has 15 bits, 1 <= right <= 32, and
             // sum + bias stays within 32 bits
  };
  static constexpr int kMostRight = 16;

  Rule rule = Rule::kAny;
  const int32_t* bias = nullptr;
  const int32_t* factor = nullptr;
  const int32_t* left = nullptr;
  const int32_t* right = nullptr;
  int32_t zero_point = 0, low = 0, high = 0;

  // The same from channel `first` on.
  Requantize From(int64_t first) const {
    Requantize by = *this;
    by.bias += first;
    by.factor += first;
    by.left += first;
    by.right += first;
    return by;
  }
};

// Some pixels: sums lie `sum_step` apart, results `out_step` elements. Of fewer than kRequantizeReads channels so many
// are read all the same, of the arrays and of every pixel's sums.
inline constexpr int64_t kRequantizeReads = 16;
struct SumPixels {
  const int32_t* sums = nullptr;
  int64_t sum_step = 0;
  int64_t channels = 0;
  int64_t pixels = 0;
  int64_t out_step = 0;
};
void RunRequantize(const Requantize& by, const SumPixels& pixels, int8_t* out);
void RunRequantize(const Requantize& by, const SumPixels& pixels, uint8_t* out);
void RunRequantize(const Requantize& by, const SumPixels& pixels, int16_t* out);

}  // namespace safelight::kernels
