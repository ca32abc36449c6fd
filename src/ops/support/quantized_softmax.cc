// SPDX-License-Identifier: Apache-2.0
#include "ops/support/quantized_softmax.h"

#include <cmath>

#include "ops/support/fixed_point.h"
#include "ops/support/function_kernel.h"
#include "ops/support/quantized_curves.h"
#include "ops/support/reduce_walk.h"

namespace safelight {
namespace {

// 8 bits: differences to the largest as Q5, times beta and the scale.
struct ByteSoftmax {
  Multiplier scale;
  int32_t least = 0;  // smaller differences count as nothing

  int32_t Difference(int32_t difference) const {
    return HighProduct(static_cast<int32_t>(static_cast<uint32_t>(difference) << scale.shift), scale.factor);
  }
  template <typename In, typename Out>
  void operator()(const In* in, Out* out, int64_t depth) const {
    const int32_t highest = *std::max_element(in, in + depth);
    uint32_t sum = 0;  // Q12
    for (int64_t i = 0; i < depth; ++i) {
      const int32_t difference = in[i] - highest;
      if (difference >= least) sum += static_cast<uint32_t>(RoundedShift(ExpOfNegative(Difference(difference)), 12));
    }
    const int headroom = std::countl_zero(sum);
    const int32_t inverse = OneOverOnePlus(static_cast<int32_t>((headroom < 32 ? sum << headroom : 0u) - (1u << 31)));
    const int bits = std::clamp(12 - headroom + 31 - static_cast<int>(sizeof(Out)) * 8, 0, 31);
    constexpr int32_t kLow = std::numeric_limits<Out>::min(), kHigh = std::numeric_limits<Out>::max();
    for (int64_t i = 0; i < depth; ++i) {
      const int32_t difference = in[i] - highest;
      int32_t result = kLow;
      if (difference >= least) {
        const int32_t share = HighProduct(inverse, ExpOfNegative(Difference(difference)));
        result = std::clamp(RoundedShift(share, bits) + kLow, kLow, kHigh);
      }
      out[i] = static_cast<Out>(result);
    }
  }
};

// log of the share: 8 bits, of a scale of 1/16.
struct ByteLogSoftmax {
  ByteSoftmax base;
  Multiplier back;  // from Q5 to differences of stored numbers

  template <typename T>
  void operator()(const T* in, T* out, int64_t depth) const {
    constexpr int32_t kLow = std::numeric_limits<T>::min(), kHigh = std::numeric_limits<T>::max();
    const int32_t highest = *std::max_element(in, in + depth);
    uint32_t sum = 0;  // Q12
    for (int64_t i = 0; i < depth; ++i) {
      const int32_t difference = in[i] - highest;
      if (difference < base.least) continue;
      sum += static_cast<uint32_t>(RoundedShift(ExpOfNegative(base.Difference(difference)), 12));
    }
    const int32_t log_sum = LogOf(static_cast<int32_t>(sum));
    const int32_t least = std::max(base.least - 1, Scaled(log_sum + INT32_MIN, back));
    for (int64_t i = 0; i < depth; ++i) {
      const int32_t difference = in[i] - highest;
      int32_t result = kLow;
      if (difference > least) {
        result = std::clamp(RoundedShift(base.Difference(difference) - log_sum, 22) + kHigh, kLow, kHigh);
      }
      out[i] = static_cast<T>(result);
    }
  }
};

// int16: e^x from -10 to 0 and 1 / (1 + x) by tables.
struct WordSoftmax {
  Multiplier scale;
  std::vector<int16_t> exp, inverse;

  void operator()(const int16_t* in, int16_t* out, int64_t depth) const {
    const int32_t highest = *std::max_element(in, in + depth);
    int32_t sum = 0;
    for (int64_t i = 0; i < depth; ++i) {
      const int64_t at = int64_t{Scaled(in[i] - highest, scale)} + INT16_MAX;
      out[i] =
          static_cast<int16_t>(Interpolate(exp, static_cast<int32_t>(std::clamp<int64_t>(at, INT16_MIN, INT16_MAX))));
      sum += out[i];
    }
    const int headroom = std::countl_zero(static_cast<uint32_t>(sum));
    const int64_t shifted = ((int64_t{sum} << (headroom - 1)) + (1 << 13)) >> 14;
    const int64_t centred = std::clamp<int64_t>(shifted - ((1 << 15) + (1 << 16)), INT16_MIN, INT16_MAX);
    const int64_t share = Interpolate(inverse, static_cast<int32_t>(centred));
    const int bits = 31 - headroom;
    for (int64_t i = 0; i < depth; ++i) {
      const int64_t result = (out[i] * share + (int64_t{1} << (bits - 1))) >> bits;
      out[i] = static_cast<int16_t>(std::clamp<int64_t>(result, 0, INT16_MAX));
    }
  }
};

template <typename In, typename Out, typename F>
std::unique_ptr<Kernel> MakeKernel(F f) {
  return MakeFunctionKernel([f = std::move(f)](const KernelArgs& args) {
    const Window &in = args.inputs[0], &out = args.outputs[0];
    const int last = out.shape.rank() - 1;
    if (out.shape[last] == 0) return;
    ForEachIndex(args.box.axis, last, [&](const int64_t* index) {
      f(in.at<In>(OffsetOf(in, index, last) + in.Offset(last, 0)),
        out.at<Out>(OffsetOf(out, index, last) + out.Offset(last, 0)), out.shape[last]);
    });
  });
}

Result<ByteSoftmax> MakeBytes(float scale, float beta) {
  constexpr int kIntegerBits = 5;
  const double real = std::min(static_cast<double>(beta) * static_cast<double>(scale) * (1 << (31 - kIntegerBits)),
                               static_cast<double>(INT32_MAX));
  if (!(real > 1)) return InvalidArgument("beta ", beta, " times scale ", scale, " is too small");
  ByteSoftmax softmax{MakeMultiplier(real)};
  const double radius = std::ldexp((1 << kIntegerBits) - 1, 31 - kIntegerBits - softmax.scale.shift);
  softmax.least = -static_cast<int32_t>(std::floor(radius));
  return softmax;
}

Result<std::unique_ptr<Kernel>> MakeWords(const Quantization& in, float beta) {
  constexpr double kRange = 65535;
  WordSoftmax softmax;
  softmax.scale = MakeMultiplier(static_cast<double>(in.scale * beta) / (10.0 / kRange));
  softmax.exp = SampleCurve<double>(10.0 / kRange, INT16_MAX, 2.0 / kRange, 0, [](double x) { return std::exp(x); });
  softmax.inverse =
      SampleCurve<double>(1.0 / kRange, INT16_MIN, 2.0 / kRange, 0, [](double x) { return 1.0 / (1.0 + x); });
  return MakeKernel<int16_t, int16_t>(std::move(softmax));
}

}  // namespace

Result<std::unique_ptr<Kernel>> PrepareQuantizedLogSoftmax(const OpContext& context) {
  const Value &in = context.input(0), &out = context.output(0);
  if (out.dtype != in.dtype || in.dtype == DType::kInt16) {
    return Unsupported(DTypeName(out.dtype), " results of ", DTypeName(in.dtype), " values");
  }
  SL_ASSIGN(const Quantization from, QuantizationOf(in));
  SL_ASSIGN(const Quantization to, QuantizationOf(out));
  const int32_t zero = in.dtype == DType::kInt8 ? INT8_MAX : UINT8_MAX;
  if (to.scale != 1.0f / 16 || to.zero_point != zero) {
    return InvalidArgument("'", out.name, "' has scale ", to.scale, " and zero point ", to.zero_point,
                           ", must be 0.0625 and ", zero);
  }
  constexpr int64_t kMostDepth = 4095;  // sums have 12 bits before the point
  const int64_t depth = in.shape[in.shape.rank() - 1];
  if (depth > kMostDepth) return Unsupported(depth, " numbers in a row of integers, at most ", kMostDepth);
  SL_ASSIGN(const ByteSoftmax base, MakeBytes(from.scale, 1.0f));
  const double back = std::ldexp(1.0, 31 - base.scale.shift) / static_cast<double>(base.scale.factor);
  const ByteLogSoftmax log_softmax{base, MakeMultiplier(back)};
  return in.dtype == DType::kInt8 ? MakeKernel<int8_t, int8_t>(log_softmax) : MakeKernel<uint8_t, uint8_t>(log_softmax);
}

Result<std::unique_ptr<Kernel>> PrepareQuantizedSoftmax(const OpContext& context, float beta) {
  const Value &in = context.input(0), &out = context.output(0);
  SL_ASSIGN(const Quantization from, QuantizationOf(in));
  const bool words = out.dtype == DType::kInt16;
  if (out.dtype != in.dtype && !words) {
    return Unsupported(DTypeName(out.dtype), " results of ", DTypeName(in.dtype), " values");
  }
  if (in.dtype == DType::kInt16) return MakeWords(from, beta);
  SL_ASSIGN(const ByteSoftmax softmax, MakeBytes(from.scale, beta));
  if (in.dtype == DType::kUInt8) {
    return words ? MakeKernel<uint8_t, int16_t>(softmax) : MakeKernel<uint8_t, uint8_t>(softmax);
  }
  return words ? MakeKernel<int8_t, int16_t>(softmax) : MakeKernel<int8_t, int8_t>(softmax);
}

}  // namespace safelight
