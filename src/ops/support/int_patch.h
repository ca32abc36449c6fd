// SPDX-License-Identifier: Apache-2.0
//
// The part of a quantized picture that a few neighbouring output pixels of a sliding window see, as the kernels want
// their inputs, with the value 0 around the picture. [ky][column][channel], each channel `repeat` times.
#pragma once

#include <algorithm>

#include "ops/support/int_inputs.h"
#include "ops/support/spatial.h"

namespace safelight {

class IntPatch {
 public:
  IntPatch(const Sliding& sliding, int64_t in_channels, int64_t repeat, const IntInputs& inputs)
      : sliding_(sliding), in_channels_(in_channels), repeat_(repeat), inputs_(inputs) {
    const int64_t row_values = kBytes / inputs.size() / sliding.rows.taps / channels();
    const int64_t most = (row_values - sliding.columns.extent()) / sliding.columns.stride + 1;
    pixels_ = std::clamp<int64_t>(most / kTogether * kTogether, kTogether, 8 * kTogether);
    // A group of inputs that begins in a row may end beyond it, where it meets weights of 0.
    row_bytes_ = Columns(pixels_) * channels() * inputs.size() + kGroupBytes;
  }

  int64_t pixels() const { return pixels_; }                                              // at most, at once
  int64_t step() const { return sliding_.columns.stride * channels() * inputs_.size(); }  // bytes to the next pixel's
  // Depthwise products read a vector of channels at each tap, however few there are.
  size_t bytes() const { return (static_cast<size_t>(row_bytes_ * sliding_.rows.taps) + 32 + 63) / 64 * 64; }
  // The byte where tap (ky, kx) of the first pixel begins.
  int64_t Place(int64_t ky, int64_t kx) const {
    return ky * row_bytes_ + kx * sliding_.columns.dilation * channels() * inputs_.size();
  }

  void Fill(const Window& in, int64_t n, int64_t y, int64_t x, int64_t pixels, std::byte* patch) const {
    for (int64_t ky = 0; ky < sliding_.rows.taps; ++ky) {
      FillRow(in, n, sliding_.rows.InputOf(y, ky), x * sliding_.columns.stride - sliding_.columns.pad, Columns(pixels),
              patch + ky * row_bytes_);
    }
  }

 private:
  static constexpr int64_t kBytes = 24 << 10;  // of the nearest cache
  static constexpr int64_t kTogether = 12;     // pixels that the product makes at once
  static constexpr int64_t kGroupBytes = 4;

  int64_t channels() const { return in_channels_ * repeat_; }
  int64_t Columns(int64_t pixels) const { return (pixels - 1) * sliding_.columns.stride + sliding_.columns.extent(); }

  void FillRow(const Window& in, int64_t n, int64_t y, int64_t first, int64_t count, std::byte* to) const {
    if (y < 0 || y >= sliding_.rows.in) return inputs_.Zeros(count * channels(), to);
    const int64_t begin = std::clamp<int64_t>(-first, 0, count);
    const int64_t stop = std::clamp<int64_t>(sliding_.columns.in - first, begin, count);
    const auto at = [&](int64_t column) { return to + column * channels() * inputs_.size(); };
    inputs_.Zeros(begin * channels(), to);
    if (repeat_ == 1 && in.row_axis != 2 && in.strides[2] == in_channels_) {
      if (stop > begin) inputs_.Copy(in, PlaceOf(in, n, y, first + begin), (stop - begin) * in_channels_, at(begin));
    } else {
      for (int64_t x = begin; x < stop; ++x) {
        inputs_.Copy(in, PlaceOf(in, n, y, first + x), in_channels_, at(x));
        if (repeat_ > 1) Repeat(at(x));
      }
    }
    inputs_.Zeros((count - stop) * channels(), at(stop));
  }

  static int64_t PlaceOf(const Window& in, int64_t n, int64_t y, int64_t x) {
    return in.Offset(0, n) + in.Offset(1, y) + in.Offset(2, x);
  }

  // Each channel of a pixel as often as it is used, from the last one on.
  void Repeat(std::byte* pixel) const {
    const size_t size = static_cast<size_t>(inputs_.size());
    for (int64_t c = channels() - 1; c >= 0; --c) {
      std::byte value[2];
      std::memcpy(value, pixel + static_cast<size_t>(c / repeat_) * size, size);
      std::memcpy(pixel + static_cast<size_t>(c) * size, value, size);
    }
  }

  const Sliding sliding_;
  const int64_t in_channels_, repeat_;
  const IntInputs inputs_;
  int64_t pixels_ = 1, row_bytes_ = 0;
};

}  // namespace safelight
