// SPDX-License-Identifier: Apache-2.0
//
// Sums of products of quantized values, and what becomes of them: what CONV_2D, DEPTHWISE_CONV_2D, FULLY_CONNECTED and
// TRANSPOSE_CONV have in common when their values are integers.
#pragma once

#include <cmath>
#include <memory>
#include <span>
#include <vector>

#include "graph/op_def.h"
#include "kernels/requantize.h"
#include "ops/support/quantized.h"

namespace safelight {

// Element `i` of `data` as a number; int4 comes two in a byte, the lower half first.
inline int32_t StoredAt(DType dtype, const std::byte* data, int64_t i) {
  switch (dtype) {
    case DType::kInt8: return reinterpret_cast<const int8_t*>(data)[i];
    case DType::kUInt8: return reinterpret_cast<const uint8_t*>(data)[i];
    case DType::kInt16: return reinterpret_cast<const int16_t*>(data)[i];
    case DType::kInt4: {
      const uint8_t both = reinterpret_cast<const uint8_t*>(data)[i / 2];
      return static_cast<int8_t>(i % 2 == 0 ? both << 4 : both & 0xF0) >> 4;
    }
    default: return 0;
  }
}
inline void StoreAt(DType dtype, std::byte* data, int64_t i, int32_t value) {
  switch (dtype) {
    case DType::kInt8: reinterpret_cast<int8_t*>(data)[i] = static_cast<int8_t>(value); break;
    case DType::kUInt8: reinterpret_cast<uint8_t*>(data)[i] = static_cast<uint8_t>(value); break;
    default: reinterpret_cast<int16_t*>(data)[i] = static_cast<int16_t>(value); break;
  }
}
// element(n, y, x, o) for every element of the box of an n h w c output.
template <typename Element>
void StoreEach(const Window& out, const Box& box, const Element& element) {
  const Range* range = box.axis;
  for (int64_t n = range[0].begin; n < range[0].end; ++n) {
    for (int64_t y = range[1].begin; y < range[1].end; ++y) {
      for (int64_t x = range[2].begin; x < range[2].end; ++x) {
        const int64_t to = out.Offset(0, n) + out.Offset(1, y) + out.Offset(2, x);
        for (int64_t o = range[3].begin; o < range[3].end; ++o)
          StoreAt(out.dtype, out.data, to + o, element(n, y, x, o));
      }
    }
  }
}

// One scale, or one for each of the channels along `axis`, all above 0 and finite; the error names the weights.
Status CheckWeightScales(const Value& weights, int axis, int64_t channels);

// Which inputs of a node are what.
struct SumInputs {
  int data = 0, weights = 1, bias = 2;
  int channel_axis = 0;            // of the weights
  bool narrow = false;             // int16 without a bias sums in 32 bits
  bool always_wide = false;        // int16 always sums in 64 bits
  bool checks_bias = false;        // the scale of the bias must be right, as always for uint8
  bool real_scale = false;         // sums are scaled in float64, rounded once
  bool weight_zero_point = false;  // weights may have a zero point
};

// What the weights of one output channel make of any inputs.
struct SumBound {
  int64_t largest = 0;  // absolute value of a sum
  int64_t excess = 0;   // what the kernel's sums are too large by
};

// How sums become values of the output. Immutable once PrepareRows was called.
class SumScaling {
 public:
  // Checks types, scales, zero points and bias of the node; errors name the tensor.
  static Result<SumScaling> Make(const OpContext& context, const SumInputs& inputs, const kernels::Clamp& clamp);

  // Sums take 64 bits (16x8 with a bias of 64 bits); otherwise 32, modulo 2^32.
  bool wide() const { return wide_; }
  int32_t zero_point() const { return in_.zero_point; }       // of the data
  int32_t weight_zero_point() const { return weight_zero_; }  // of the weights
  // The stored result for channel `c`; `bias` may be null: none.
  int32_t Finish(int64_t sum, int64_t c, const Window* bias) const {
    if (bias != nullptr && bias->data != nullptr) {
      sum += bias->dtype == DType::kInt64 ? bias->at<int64_t>(0)[c] : bias->at<int32_t>(0)[c];
    }
    if (!real_.empty()) return FinishReal(sum, real_[real_.size() == 1 ? 0 : static_cast<size_t>(c)]);
    const Multiplier& m = multipliers_[multipliers_.size() == 1 ? 0 : static_cast<size_t>(c)];
    const int64_t scaled =
        wide_ ? ScaledWide(sum, m) : Scaled(static_cast<int32_t>(static_cast<uint32_t>(static_cast<uint64_t>(sum))), m);
    return limits_(scaled + out_.zero_point);
  }

  // The largest |value - zero point| of the data.
  int64_t LargestInput(DType dtype) const;
  // Makes ready for constant weights with these bounds and a constant bias, or none.
  void PrepareRows(std::span<const SumBound> bounds, const Value* bias);
  // After PrepareRows: sums may need 64 bits, and take Finish; otherwise the lower 32 are all that is needed.
  bool sums_wide() const { return sums_wide_; }
  // Results take FinishBiased, one by one, otherwise AsRequantize.
  bool one_by_one() const { return !real_.empty(); }
  // Finish of a kernel's sum with the constant bias.
  int32_t FinishBiased(int32_t sum, int64_t c) const {
    return Finish(int64_t{sum} + bias_[static_cast<size_t>(c)], c, nullptr);
  }
  kernels::Requantize AsRequantize() const;

 private:
  int32_t FinishReal(int64_t sum, double scale) const {
    if (!wide_) sum = static_cast<int32_t>(static_cast<uint32_t>(static_cast<uint64_t>(sum)));
    const double scaled = std::round(static_cast<double>(sum) * scale);
    // What does not fit becomes the lowest number, as on x86.
    return limits_((std::abs(scaled) < 0x1p31 ? static_cast<int64_t>(scaled) : INT32_MIN) + out_.zero_point);
  }

  bool SetWide(std::span<const SumBound> bounds, const Value* bias);
  bool IsSmall(std::span<const SumBound> bounds, const Value* bias) const;

  bool wide_ = false, sums_wide_ = false;
  kernels::Requantize::Rule rule_ = kernels::Requantize::Rule::kAny;
  Quantization in_, out_;
  int32_t weight_zero_ = 0;
  StoredRange limits_;
  std::vector<Multiplier> multipliers_;  // one, or one for each channel
  std::vector<double> real_;             // the same in float64, where that is the rule
  std::vector<int32_t> bias_, factor_, left_, right_;
};

// `pixels` of a kernel's sums, made into results from element `to` and channel `first` on.
void StoreSums(const SumScaling& scaling, const kernels::SumPixels& pixels, int64_t first, const Window& out,
               int64_t to);

}  // namespace safelight
