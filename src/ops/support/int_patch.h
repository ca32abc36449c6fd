// SPDX-License-Identifier: Apache-2.0
//
// The part of a quantized picture that a few neighbouring output pixels of a sliding window see: 16 bits a value, zero
// points taken off, zeros around the picture. [ky][column][channel], each channel `repeat` times.
#pragma once

#include <algorithm>
#include <cstring>

#include "kernels/int_product.h"
#include "ops/support/spatial.h"

namespace safelight {

class IntPatch {
 public:
  IntPatch(const Sliding& sliding, int64_t in_channels, int64_t repeat, int32_t zero_point)
      : sliding_(sliding), in_channels_(in_channels), repeat_(repeat), zero_point_(zero_point) {
    const int64_t row_values = kBytes / 2 / sliding.rows.taps / channels();
    const int64_t most = (row_values - sliding.columns.extent()) / sliding.columns.stride + 1;
    pixels_ = std::clamp<int64_t>(most / kTogether * kTogether, kTogether, 8 * kTogether);
    // One more value: the last pair of an odd run reaches beyond it, with a weight of 0.
    row_step_ = Columns(pixels_) * channels() + 2;
  }

  int64_t pixels() const { return pixels_; }                             // at most, at once
  int64_t step() const { return sliding_.columns.stride * channels(); }  // from output pixel to output pixel
  size_t bytes() const { return (static_cast<size_t>(row_step_ * sliding_.rows.taps) * 2 + 63) / 64 * 64; }
  // Where tap (ky, kx) of the first pixel begins.
  int64_t Place(int64_t ky, int64_t kx) const { return ky * row_step_ + kx * sliding_.columns.dilation * channels(); }

  void Fill(const Window& in, int64_t n, int64_t y, int64_t x, int64_t pixels, int16_t* patch) const {
    for (int64_t ky = 0; ky < sliding_.rows.taps; ++ky) {
      FillRow(in, n, sliding_.rows.InputOf(y, ky), x * sliding_.columns.stride - sliding_.columns.pad, Columns(pixels),
              patch + ky * row_step_);
    }
  }

 private:
  static constexpr int64_t kBytes = 24 << 10;  // of the nearest cache
  static constexpr int64_t kTogether = 6;      // pixels that the product makes at once

  int64_t channels() const { return in_channels_ * repeat_; }
  int64_t Columns(int64_t pixels) const { return (pixels - 1) * sliding_.columns.stride + sliding_.columns.extent(); }

  void FillRow(const Window& in, int64_t n, int64_t y, int64_t first, int64_t count, int16_t* to) const {
    int16_t* const end = to + count * channels() + 2;
    if (y < 0 || y >= sliding_.rows.in) {
      std::fill(to, end, int16_t{0});
      return;
    }
    const int64_t begin = std::clamp<int64_t>(-first, 0, count);
    const int64_t stop = std::clamp<int64_t>(sliding_.columns.in - first, begin, count);
    std::fill_n(to, begin * channels(), int16_t{0});
    to += begin * channels();
    if (repeat_ == 1 && in.row_axis != 2 && in.strides[2] == in_channels_) {
      if (stop > begin) WidenFrom(in, n, y, first + begin, (stop - begin) * in_channels_, to);
    } else {
      for (int64_t x = begin; x < stop; ++x) {
        int16_t* pixel = to + (x - begin) * channels();
        WidenFrom(in, n, y, first + x, in_channels_, pixel);
        for (int64_t c = in_channels_ - 1; repeat_ > 1 && c >= 0; --c) {
          std::fill_n(pixel + c * repeat_, repeat_, pixel[c]);
        }
      }
    }
    std::fill(to + (stop - begin) * channels(), end, int16_t{0});
  }

  void WidenFrom(const Window& in, int64_t n, int64_t y, int64_t x, int64_t count, int16_t* to) const {
    switch (in.dtype) {
      case DType::kInt8: return kernels::Widen(in.Pixel<int8_t>(n, y, x), zero_point_, count, to);
      case DType::kUInt8: return kernels::Widen(in.Pixel<uint8_t>(n, y, x), zero_point_, count, to);
      default: return kernels::Widen(in.Pixel<int16_t>(n, y, x), zero_point_, count, to);
    }
  }

  const Sliding sliding_;
  const int64_t in_channels_, repeat_;
  const int32_t zero_point_;
  int64_t pixels_ = 1, row_step_ = 0;
};

}  // namespace safelight
