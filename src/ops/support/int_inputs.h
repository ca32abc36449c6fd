// SPDX-License-Identifier: Apache-2.0
//
// How the inputs of quantized sums are laid out for the kernels: as words of 16 bits with the zero point taken off, or
// as bytes as they are, of the sign that the instruction wants.
#pragma once

#include <algorithm>
#include <cstring>

#include "graph/window.h"
#include "kernels/int_product.h"

namespace safelight {

class IntInputs {
 public:
  // Words.
  explicit IntInputs(int32_t zero_point) : zero_point_(zero_point) {}
  // Bytes of `dtype`, int8 or uint8, for an instruction that takes signed or unsigned ones.
  IntInputs(int32_t zero_point, DType dtype, bool signed_bytes)
      : zero_point_(zero_point), bytes_(true), flips_((dtype == DType::kInt8) != signed_bytes) {
    stored_zero_ = zero_point + (!flips_ ? 0 : signed_bytes ? -128 : 128);
  }

  bool bytes() const { return bytes_; }
  int64_t size() const { return bytes_ ? 1 : 2; }  // bytes of a value
  // The number that stands for 0 in what the kernel multiplies.
  int32_t stored_zero() const { return stored_zero_; }

  // `count` neighbouring values from element `at` on.
  void Copy(const Window& in, int64_t at, int64_t count, std::byte* to) const {
    if (bytes_) {
      if (!flips_) {
        std::memcpy(to, in.data + at, static_cast<size_t>(count));
      } else {
        kernels::FlipSigns(in.at<uint8_t>(at), count, reinterpret_cast<uint8_t*>(to));
      }
      return;
    }
    int16_t* words = reinterpret_cast<int16_t*>(to);
    switch (in.dtype) {
      case DType::kInt8: return kernels::Widen(in.at<int8_t>(at), zero_point_, count, words);
      case DType::kUInt8: return kernels::Widen(in.at<uint8_t>(at), zero_point_, count, words);
      default: return kernels::Widen(in.at<int16_t>(at), zero_point_, count, words);
    }
  }
  // As many times the value 0.
  void Zeros(int64_t count, std::byte* to) const {
    std::memset(to, bytes_ ? stored_zero_ & 0xFF : 0, static_cast<size_t>(count * size()));
  }

 private:
  int32_t zero_point_;
  bool bytes_ = false, flips_ = false;
  int32_t stored_zero_ = 0;
};

}  // namespace safelight
