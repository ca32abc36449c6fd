// SPDX-License-Identifier: Apache-2.0
#include "kernels/int_product.h"

#include <algorithm>
#include <cstring>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/int_product.cc"
#include <hwy/foreach_target.h>
// Must come after foreach_target.h.
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace safelight::kernels::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

template <typename T>
void WidenRun(const T* from, int32_t zero_point, int64_t count, int16_t* to) {
  const hn::ScalableTag<int16_t> d;
  const hn::Rebind<T, decltype(d)> from_tag;
  const int64_t lanes = static_cast<int64_t>(hn::Lanes(d));
  const auto zero = hn::Set(d, static_cast<int16_t>(zero_point));
  int64_t i = 0;
  for (; i + lanes <= count; i += lanes) {
    if constexpr (sizeof(T) == 2) {
      hn::StoreU(hn::Sub(hn::LoadU(d, from + i), zero), d, to + i);
    } else {
      hn::StoreU(hn::Sub(hn::PromoteTo(d, hn::LoadU(from_tag, from + i)), zero), d, to + i);
    }
  }
  for (; i < count; ++i) to[i] = static_cast<int16_t>(from[i] - zero_point);
}
void Widen8(const int8_t* from, int32_t zero, int64_t count, int16_t* to) { WidenRun(from, zero, count, to); }
void WidenU8(const uint8_t* from, int32_t zero, int64_t count, int16_t* to) { WidenRun(from, zero, count, to); }
void Widen16(const int16_t* from, int32_t zero, int64_t count, int16_t* to) { WidenRun(from, zero, count, to); }

#if HWY_TARGET == HWY_SCALAR

// Processors without vectors: the same sums, one by one.
template <int kWidth>
void Blocks(const IntPixels& p, const int16_t* weights, int32_t* sums, int64_t step) {
  for (int64_t x = 0; x < p.pixels; ++x) {
    for (int64_t c = 0; c < kWidth; ++c) {
      uint32_t sum = 0;
      for (int64_t r = 0; r < p.num_runs; ++r) {
        const int16_t* in = p.runs[r].in + x * p.in_step;
        for (int64_t k = 0; k < 2 * p.runs[r].pairs; ++k) {
          sum += static_cast<uint32_t>(in[k] * weights[(p.runs[r].pair + k / 2) * kWidth * 2 + 2 * c + k % 2]);
        }
      }
      sums[x * step + c] = static_cast<int32_t>(sum);
    }
  }
}

#else

// `kPixels` pixels times the kWidth channels of one block.
template <int kWidth, int kPixels>
HWY_INLINE void Block(const IntPixels& p, int64_t first, const int16_t* weights, int32_t* sums, int64_t step) {
  const hn::CappedTag<int32_t, kWidth> d;
  const hn::Repartition<int16_t, decltype(d)> d16;
  constexpr int kVectors = kWidth / static_cast<int>(hn::MaxLanes(hn::CappedTag<int32_t, kWidth>()));
  using V = hn::Vec<decltype(d)>;
  V sum[kPixels][kVectors], rest[kPixels][kVectors];
  for (int i = 0; i < kPixels; ++i) {
    for (int v = 0; v < kVectors; ++v) sum[i][v] = rest[i][v] = hn::Zero(d);
  }
  const int64_t lanes = static_cast<int64_t>(hn::Lanes(d));
  for (int64_t r = 0; r < p.num_runs; ++r) {
    const int16_t* in = p.runs[r].in + first * p.in_step;
    const int16_t* w = weights + p.runs[r].pair * kWidth * 2;
    for (int64_t k = 0; k < p.runs[r].pairs; ++k, in += 2, w += kWidth * 2) {
      hn::Vec<decltype(d16)> of[kVectors];
      for (int v = 0; v < kVectors; ++v) of[v] = hn::LoadU(d16, w + v * lanes * 2);
      for (int i = 0; i < kPixels; ++i) {
        int32_t pair;
        std::memcpy(&pair, in + i * p.in_step, sizeof(pair));
        const auto x = hn::BitCast(d16, hn::Set(d, pair));
        for (int v = 0; v < kVectors; ++v)
          sum[i][v] = hn::ReorderWidenMulAccumulate(d, x, of[v], sum[i][v], rest[i][v]);
      }
    }
  }
  for (int i = 0; i < kPixels; ++i) {
    for (int v = 0; v < kVectors; ++v) {
      hn::StoreU(hn::RearrangeToOddPlusEven(sum[i][v], rest[i][v]), d, sums + (first + i) * step + v * lanes);
    }
  }
}

template <int kWidth>
void Blocks(const IntPixels& p, const int16_t* weights, int32_t* sums, int64_t step) {
  // As many as leave registers for weights; two sums each where the target has such.
  constexpr int kMost = hn::MaxLanes(hn::CappedTag<int32_t, kWidth>()) >= 8 ? 6 : 3;
  int64_t x = 0;
  for (; x + kMost <= p.pixels; x += kMost) Block<kWidth, kMost>(p, x, weights, sums, step);
  for (; x < p.pixels; ++x) Block<kWidth, 1>(p, x, weights, sums, step);
}

#endif  // HWY_TARGET == HWY_SCALAR

void Product(int64_t out_channels, int64_t pairs, const int16_t* packed, const IntPixels& pixels) {
  const int64_t padded = PaddedChannels(out_channels);
  for (int64_t c = 0; c < padded; c += 16) {
    const int16_t* weights = packed + c * pairs * 2;
    if (padded - c >= 16) {
      Blocks<16>(pixels, weights, pixels.sums + c, padded);
    } else {
      Blocks<8>(pixels, weights, pixels.sums + c, padded);
    }
  }
}

void Depthwise(const int16_t* const* in, const int32_t* const* weights, int64_t taps, int64_t channels, int32_t* sums) {
  int64_t c = 0;
#if HWY_TARGET != HWY_SCALAR
  const hn::ScalableTag<int32_t> d;
  const hn::Repartition<int16_t, decltype(d)> d16;
  const hn::Rebind<int16_t, decltype(d)> half;
  const int64_t lanes = static_cast<int64_t>(hn::Lanes(d));
  for (; c + lanes <= channels; c += lanes) {
    auto sum = hn::LoadU(d, sums + c);
    for (int64_t t = 0; t < taps; ++t) {
      const auto x = hn::BitCast(d16, hn::PromoteTo(d, hn::LoadU(half, in[t] + c)));
      auto rest = hn::Zero(d);
      const auto product =
          hn::ReorderWidenMulAccumulate(d, x, hn::BitCast(d16, hn::LoadU(d, weights[t] + c)), hn::Zero(d), rest);
      sum = hn::Add(sum, hn::RearrangeToOddPlusEven(product, rest));
    }
    hn::StoreU(sum, d, sums + c);
  }
#endif
  for (; c < channels; ++c) {
    uint32_t sum = static_cast<uint32_t>(sums[c]);
    for (int64_t t = 0; t < taps; ++t) sum += static_cast<uint32_t>(in[t][c] * static_cast<int16_t>(weights[t][c]));
    sums[c] = static_cast<int32_t>(sum);
  }
}

#if HWY_TARGET == HWY_SCALAR

template <typename T>
void RequantizeRun(const Requantize& by, const int32_t* sums, int64_t channels, T* out) {
  for (int64_t c = 0; c < channels; ++c) {
    const uint32_t biased = static_cast<uint32_t>(sums[c]) + static_cast<uint32_t>(by.bias[c]);
    const int64_t shifted = static_cast<int32_t>(biased << by.left[c]);
    const int32_t x = static_cast<int32_t>((shifted * by.factor[c] + (int64_t{1} << 30)) >> 31);
    const int64_t half = by.right[c] == 0 ? 0 : (int64_t{1} << (by.right[c] - 1)) - (x < 0 ? 1 : 0);
    const int64_t result = ((x + half) >> by.right[c]) + by.zero_point;
    out[c] = static_cast<T>(std::clamp<int64_t>(result, by.low, by.high));
  }
}

#else

// The upper half of 2 * a * factor, rounded: bits 31 to 62 of a * factor + 2^30.
template <class D>
HWY_INLINE hn::Vec<D> HighProducts(D d, hn::Vec<D> a, hn::Vec<D> factor) {
  const hn::Repartition<int64_t, D> wide;
  const hn::Repartition<uint64_t, D> bits;
  const auto half = hn::Set(wide, int64_t{1} << 30);
  const auto odd = [&](hn::Vec<D> v) { return hn::BitCast(d, hn::ShiftRight<32>(hn::BitCast(bits, v))); };
  const auto even_product = hn::BitCast(bits, hn::Add(hn::MulEven(a, factor), half));
  const auto odd_product = hn::BitCast(bits, hn::Add(hn::MulEven(odd(a), odd(factor)), half));
  const auto low = hn::BitCast(d, hn::ShiftRight<31>(even_product));
  const auto high = hn::BitCast(d, hn::ShiftLeft<1>(odd_product));
  return hn::OddEven(high, low);
}

template <typename T>
void RequantizeRun(const Requantize& by, const int32_t* sums, int64_t channels, T* out) {
  const hn::CappedTag<int32_t, 8> d;
  const hn::Rebind<T, decltype(d)> to;
  const int64_t lanes = static_cast<int64_t>(hn::Lanes(d));
  const auto one = hn::Set(d, 1);
  for (int64_t c = 0; c < channels; c += lanes) {
    auto x = hn::Add(hn::LoadU(d, sums + c), hn::LoadU(d, by.bias + c));
    x = x << hn::LoadU(d, by.left + c);
    x = HighProducts(d, x, hn::LoadU(d, by.factor + c));
    // Ties away from zero, as RoundedShift does it.
    const auto bits = hn::LoadU(d, by.right + c);
    const auto mask = hn::Sub(one << bits, one);
    const auto negative = hn::ShiftRight<31>(x);
    const auto threshold = hn::Sub(hn::ShiftRight<1>(mask), negative);
    const auto up = hn::VecFromMask(d, hn::Gt(hn::And(x, mask), threshold));
    x = hn::Sub(x >> bits, up);
    x = hn::Add(x, hn::Set(d, by.zero_point));
    x = hn::Min(hn::Max(x, hn::Set(d, by.low)), hn::Set(d, by.high));
    if (c + lanes <= channels) {
      hn::StoreU(hn::DemoteTo(to, x), to, out + c);
    } else {
      T last[8];
      hn::StoreU(hn::DemoteTo(to, x), to, last);
      std::copy(last, last + (channels - c), out + c);
    }
  }
}

#endif  // HWY_TARGET == HWY_SCALAR

void Requantize8(const Requantize& by, const int32_t* sums, int64_t n, int8_t* out) { RequantizeRun(by, sums, n, out); }
void RequantizeU8(const Requantize& by, const int32_t* sums, int64_t n, uint8_t* out) {
  RequantizeRun(by, sums, n, out);
}
void Requantize16(const Requantize& by, const int32_t* sums, int64_t n, int16_t* out) {
  RequantizeRun(by, sums, n, out);
}

}  // namespace safelight::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace safelight::kernels {
namespace {
HWY_EXPORT(Widen8);
HWY_EXPORT(WidenU8);
HWY_EXPORT(Widen16);
HWY_EXPORT(Product);
HWY_EXPORT(Depthwise);
HWY_EXPORT(Requantize8);
HWY_EXPORT(RequantizeU8);
HWY_EXPORT(Requantize16);
}  // namespace

void Widen(const int8_t* from, int32_t zero_point, int64_t count, int16_t* to) {
  HWY_DYNAMIC_DISPATCH(Widen8)(from, zero_point, count, to);
}
void Widen(const uint8_t* from, int32_t zero_point, int64_t count, int16_t* to) {
  HWY_DYNAMIC_DISPATCH(WidenU8)(from, zero_point, count, to);
}
void Widen(const int16_t* from, int32_t zero_point, int64_t count, int16_t* to) {
  HWY_DYNAMIC_DISPATCH(Widen16)(from, zero_point, count, to);
}

int64_t PaddedChannels(int64_t out_channels) { return (out_channels + 7) / 8 * 8; }

size_t IntPackedBytes(int64_t out_channels, int64_t pairs) {
  return static_cast<size_t>(PaddedChannels(out_channels) * pairs * 2) * sizeof(int16_t);
}

void PackInt(int64_t out_channels, int64_t pairs, const int16_t* weights, int16_t* packed) {
  const int64_t padded = PaddedChannels(out_channels);
  for (int64_t first = 0; first < padded; first += 16) {
    const int64_t width = std::min<int64_t>(16, padded - first);
    for (int64_t k = 0; k < pairs; ++k) {
      for (int64_t c = first; c < first + width; ++c) {
        for (int64_t i = 0; i < 2; ++i) *packed++ = c < out_channels ? weights[c * pairs * 2 + k * 2 + i] : int16_t{0};
      }
    }
  }
}

void RunIntProduct(int64_t out_channels, int64_t pairs, const int16_t* packed, const IntPixels& pixels) {
  HWY_DYNAMIC_DISPATCH(Product)(out_channels, pairs, packed, pixels);
}

void AddIntDepthwise(const int16_t* const* in, const int32_t* const* weights, int64_t taps, int64_t channels,
                     int32_t* sums) {
  HWY_DYNAMIC_DISPATCH(Depthwise)(in, weights, taps, channels, sums);
}

void RunRequantize(const Requantize& by, const int32_t* sums, int64_t channels, int8_t* out) {
  HWY_DYNAMIC_DISPATCH(Requantize8)(by, sums, channels, out);
}
void RunRequantize(const Requantize& by, const int32_t* sums, int64_t channels, uint8_t* out) {
  HWY_DYNAMIC_DISPATCH(RequantizeU8)(by, sums, channels, out);
}
void RunRequantize(const Requantize& by, const int32_t* sums, int64_t channels, int16_t* out) {
  HWY_DYNAMIC_DISPATCH(Requantize16)(by, sums, channels, out);
}

}  // namespace safelight::kernels
#endif  // HWY_ONCE
