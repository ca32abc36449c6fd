// SPDX-License-Identifier: Apache-2.0
#include "kernels/conv.h"

#include <algorithm>
#include <cstring>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/conv.cc"
#include <hwy/foreach_target.h>
// Must come after foreach_target.h.
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace safelight::kernels::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

using D = hn::ScalableTag<float>;
using V = hn::Vec<D>;

// Two vectors of output channels by as many pixels as leave registers for weights and a broadcast.
constexpr int kVectors = 2;
#if HWY_TARGET <= HWY_AVX3 || HWY_TARGET == HWY_NEON
constexpr int kPixels = 12;
#else
constexpr int kPixels = 6;
#endif

int64_t BlockChannels() { return kVectors * static_cast<int64_t>(hn::Lanes(D())); }
int64_t Blocks(const ConvSize& size) { return (size.out_channels + BlockChannels() - 1) / BlockChannels(); }
int64_t BlockFloats(const ConvSize& size) {
  return (size.filter_h * size.filter_w * size.in_channels + 1) * BlockChannels();
}

size_t PackedBytes(const ConvSize& size) {
  return static_cast<size_t>(Blocks(size) * BlockFloats(size)) * sizeof(float);
}

// Per block: the bias, then [ky][kx][ic][channel of the block]; channels beyond the last are zero.
void Pack(const ConvSize& size, const float* weights, const float* bias, float* packed) {
  const int64_t width = BlockChannels();
  const int64_t inner = size.filter_h * size.filter_w * size.in_channels;
  for (int64_t block = 0; block < Blocks(size); ++block) {
    float* to = packed + block * BlockFloats(size);
    for (int64_t c = 0; c < width; ++c) {
      const int64_t out = block * width + c;
      const bool exists = out < size.out_channels;
      to[c] = exists && bias != nullptr ? bias[out] : 0.0f;
      for (int64_t i = 0; i < inner; ++i) to[(i + 1) * width + c] = exists ? weights[out * inner + i] : 0.0f;
    }
  }
}

// Stores two vectors of channels of one pixel; `channels` of them exist.
HWY_INLINE void StorePixel(D d, V v0, V v1, int64_t channels, float* out) {
  const int64_t lanes = static_cast<int64_t>(hn::Lanes(d));
  if (channels >= 2 * lanes) {
    hn::StoreU(v0, d, out);
    hn::StoreU(v1, d, out + lanes);
    return;
  }
  HWY_ALIGN float buffer[kVectors * HWY_MAX_BYTES / sizeof(float)];
  hn::Store(v0, d, buffer);
  hn::Store(v1, d, buffer + lanes);
  std::memcpy(out, buffer, static_cast<size_t>(channels) * sizeof(float));
}

// `pixels` neighbouring output pixels of one block of channels. Taps kx outside [kx_begin, kx_end) lie outside.
template <int pixels>
HWY_INLINE void Tile(const ConvSize& size, const float* HWY_RESTRICT block, const ConvRow& row, int64_t x,
                     int64_t kx_begin, int64_t kx_end, int64_t channels, float* out) {
  const D d;
  const int64_t lanes = static_cast<int64_t>(hn::Lanes(d));
  const int64_t width = kVectors * lanes;
  V acc0[pixels], acc1[pixels];
#pragma GCC unroll 16
  for (int p = 0; p < pixels; ++p) {
    acc0[p] = hn::LoadU(d, block);
    acc1[p] = hn::LoadU(d, block + lanes);
  }
  const int64_t step = row.stride * row.in_pixel_stride;
  for (int64_t ky = 0; ky < size.filter_h; ++ky) {
    if (row.rows[ky] == nullptr) continue;
    for (int64_t kx = kx_begin; kx < kx_end; ++kx) {
      const int64_t in_x = x * row.stride - row.pad + kx * row.dilation - row.in_col_begin;
      const float* HWY_RESTRICT in = row.rows[ky] + in_x * row.in_pixel_stride;
      const float* HWY_RESTRICT w = block + ((ky * size.filter_w + kx) * size.in_channels + 1) * width;
      for (int64_t i = 0; i < size.in_channels; ++i, w += width) {
        const V w0 = hn::LoadU(d, w), w1 = hn::LoadU(d, w + lanes);
#pragma GCC unroll 16
        for (int p = 0; p < pixels; ++p) {
          const V value = hn::Set(d, in[p * step + i]);
          acc0[p] = hn::MulAdd(value, w0, acc0[p]);
          acc1[p] = hn::MulAdd(value, w1, acc1[p]);
        }
      }
    }
  }
  const V low = hn::Set(d, row.low), high = hn::Set(d, row.high);
#pragma GCC unroll 16
  for (int p = 0; p < pixels; ++p) {
    StorePixel(d, hn::Min(high, hn::Max(low, acc0[p])), hn::Min(high, hn::Max(low, acc1[p])), channels,
               out + p * row.out_pixel_stride);
  }
}

HWY_INLINE void BorderPixel(const ConvSize& size, const float* block, const ConvRow& row, int64_t x, int64_t channels,
                            float* out) {
  const int64_t start = x * row.stride - row.pad;
  int64_t begin = 0, end = size.filter_w;
  while (begin < end && start + begin * row.dilation < 0) ++begin;
  while (end > begin && start + (end - 1) * row.dilation >= row.in_width) --end;
  Tile<1>(size, block, row, x, begin, end, channels, out);
}

void Row(const ConvSize& size, const float* packed, const ConvRow& row) {
  const int64_t width = BlockChannels();
  for (int64_t b = 0; b < Blocks(size); ++b) {
    const float* block = packed + b * BlockFloats(size);
    const int64_t channels = std::min(width, size.out_channels - b * width);
    float* base = row.out + b * width;
    const auto out = [&](int64_t at) { return base + (at - row.x_begin) * row.out_pixel_stride; };
    int64_t x = row.x_begin;
    for (; x < std::min(row.x_end, row.interior_begin); ++x) BorderPixel(size, block, row, x, channels, out(x));
    const int64_t end = std::min(row.x_end, row.interior_end);
    for (; x + kPixels <= end; x += kPixels) Tile<kPixels>(size, block, row, x, 0, size.filter_w, channels, out(x));
    for (; x + 4 <= end; x += 4) Tile<4>(size, block, row, x, 0, size.filter_w, channels, out(x));
    for (; x < end; ++x) Tile<1>(size, block, row, x, 0, size.filter_w, channels, out(x));
    for (; x < row.x_end; ++x) BorderPixel(size, block, row, x, channels, out(x));
  }
}

void Taps(const ConvSize& size, const float* packed, const float* const* in_taps, const int32_t* tap_index,
          int64_t taps, float low, float high, float* out) {
  const D d;
  const int64_t lanes = static_cast<int64_t>(hn::Lanes(d));
  const int64_t width = kVectors * lanes;
  for (int64_t b = 0; b < Blocks(size); ++b) {
    const float* block = packed + b * BlockFloats(size);
    V acc0 = hn::LoadU(d, block), acc1 = hn::LoadU(d, block + lanes);
    for (int64_t t = 0; t < taps; ++t) {
      const float* w = block + (tap_index[t] * size.in_channels + 1) * width;
      for (int64_t i = 0; i < size.in_channels; ++i, w += width) {
        const V value = hn::Set(d, in_taps[t][i]);
        acc0 = hn::MulAdd(value, hn::LoadU(d, w), acc0);
        acc1 = hn::MulAdd(value, hn::LoadU(d, w + lanes), acc1);
      }
    }
    const V lo = hn::Set(d, low), hi = hn::Set(d, high);
    StorePixel(d, hn::Min(hi, hn::Max(lo, acc0)), hn::Min(hi, hn::Max(lo, acc1)),
               std::min(width, size.out_channels - b * width), out + b * width);
  }
}

}  // namespace safelight::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace safelight::kernels {
namespace {
HWY_EXPORT(PackedBytes);
HWY_EXPORT(Pack);
HWY_EXPORT(BlockChannels);
HWY_EXPORT(Row);
HWY_EXPORT(Taps);
}  // namespace

size_t ConvPackedBytes(const ConvSize& size) { return HWY_DYNAMIC_DISPATCH(PackedBytes)(size); }
void PackConv(const ConvSize& size, const float* weights, const float* bias, float* packed) {
  HWY_DYNAMIC_DISPATCH(Pack)(size, weights, bias, packed);
}
int64_t ConvBlockChannels() { return HWY_DYNAMIC_DISPATCH(BlockChannels)(); }
void RunConvRow(const ConvSize& size, const float* packed, const ConvRow& row) {
  HWY_DYNAMIC_DISPATCH(Row)(size, packed, row);
}
void RunConvTaps(const ConvSize& size, const float* packed, const float* const* in_taps, const int32_t* tap_index,
                 int64_t taps, float low, float high, float* out) {
  HWY_DYNAMIC_DISPATCH(Taps)(size, packed, in_taps, tap_index, taps, low, high, out);
}

}  // namespace safelight::kernels
#endif  // HWY_ONCE
