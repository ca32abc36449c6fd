// SPDX-License-Identifier: Apache-2.0
#include "kernels/conv.h"

#include <algorithm>
#include <cstring>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/conv.cc"
#include <hwy/foreach_target.h>
// Must come after foreach_target.h.
#include <hwy/highway.h>

#include "kernels/limits-inl.h"

HWY_BEFORE_NAMESPACE();
namespace safelight::kernels::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// Vectors of at most 64 bytes: their number of lanes is a constant, and arrays of them stay in registers.
using Wide = hn::CappedTag<float, 16>;
using Narrow = hn::CappedTag<float, 8>;

#if HWY_TARGET <= HWY_AVX3 || HWY_TARGET == HWY_NEON
constexpr int kRegisters = 32;
#else
constexpr int kRegisters = 16;
#endif

// Pixels of a tile: the accumulators leave registers for the weights and a broadcast; and no more pixels than there are
// registers for their addresses.
constexpr int TilePixels(int vectors) { return std::min(14, (kRegisters - 4) / 2 * 2 / vectors); }

constexpr int kMaxVectors = 3;   // of output channels at a time
constexpr int64_t kMaxDots = 4;  // output channels made as dot products
constexpr int kDotPixels = 4;

// Lanes of the vectors of output channels: wide ones if these are several and do not make more channels in all.
int64_t OutLanes(const ConvSize& size) {
  const int64_t wide = static_cast<int64_t>(hn::Lanes(Wide())), narrow = static_cast<int64_t>(hn::Lanes(Narrow()));
  const auto padded = [&](int64_t lanes) { return (size.out_channels + lanes - 1) / lanes * lanes; };
  return 2 * wide <= size.out_channels && padded(wide) == padded(narrow) ? wide : narrow;
}
int64_t Vectors(const ConvSize& size) { return (size.out_channels + OutLanes(size) - 1) / OutLanes(size); }

// The first channel of a vector. The last one overlaps the one before it rather than reach past the last channel.
int64_t VectorStart(const ConvSize& size, int64_t vector) {
  return std::min(vector * OutLanes(size), std::max<int64_t>(size.out_channels - OutLanes(size), 0));
}

// Vectors of the next panel where `left` are left: the last two are nearly equal.
int64_t PanelVectors(int64_t left) {
  return left >= 2 * kMaxVectors ? kMaxVectors : left <= kMaxVectors ? left : (left + 1) / 2;
}

bool UsesDots(const ConvSize& size) {
  return size.out_channels <= kMaxDots &&
         size.filter_w * size.in_channels >= 2 * static_cast<int64_t>(hn::Lanes(Narrow()));
}

int64_t Inner(const ConvSize& size) { return size.filter_h * size.filter_w * size.in_channels; }

int64_t Layout(const ConvSize& size) { return UsesDots(size) ? 0 : OutLanes(size); }

size_t PackedBytes(const ConvSize& size) {
  if (UsesDots(size)) return static_cast<size_t>(kMaxDots + size.out_channels * Inner(size)) * sizeof(float);
  return static_cast<size_t>(Vectors(size) * OutLanes(size) * (Inner(size) + 1)) * sizeof(float);
}

// Per panel: the bias, then [ky][kx][ic][channel of the panel]; channels beyond the last are zero.
void Pack(const ConvSize& size, const float* weights, const float* bias, float* packed) {
  const int64_t inner = Inner(size), lanes = OutLanes(size);
  if (UsesDots(size)) {
    for (int64_t o = 0; o < kMaxDots; ++o) packed[o] = bias != nullptr && o < size.out_channels ? bias[o] : 0.0f;
    std::memcpy(packed + kMaxDots, weights, static_cast<size_t>(size.out_channels * inner) * sizeof(float));
    return;
  }
  for (int64_t first = 0, vectors; first < Vectors(size); first += vectors) {
    vectors = PanelVectors(Vectors(size) - first);
    const int64_t width = vectors * lanes;
    for (int64_t c = 0; c < width; ++c) {
      const int64_t channel = VectorStart(size, first + c / lanes) + c % lanes;
      const bool exists = channel < size.out_channels;
      packed[c] = exists && bias != nullptr ? bias[channel] : 0.0f;
      for (int64_t i = 0; i < inner; ++i) {
        packed[(i + 1) * width + c] = exists ? weights[channel * inner + i] : 0.0f;
      }
    }
    packed += (inner + 1) * width;
  }
}

// Fewer channels than lanes; nothing behind them is touched.
template <class D>
HWY_INLINE void StoreFew(D d, hn::Vec<D> value, int64_t channels, float* out) {
#if HWY_TARGET <= HWY_AVX2
  hn::BlendedStore(value, hn::FirstN(d, static_cast<size_t>(channels)), d, out);
#else
  HWY_ALIGN float buffer[hn::MaxLanes(D())];
  hn::StoreU(value, d, buffer);
  std::memcpy(out, buffer, static_cast<size_t>(channels) * sizeof(float));
#endif
}

// `count` pixels of one panel of channels, of which the last vector starts `last` after the first. `runs` start `skip`
// floats earlier.
template <class D, int vectors, int count>
HWY_INLINE void Tile(D d, const ConvPixels& p, const float* HWY_RESTRICT panel, int64_t skip, int64_t last,
                     int64_t channels, float* out) {
  constexpr int64_t kLanes = hn::MaxLanes(D()), kWidth = vectors * kLanes;
  hn::Vec<D> acc[vectors][count];
#pragma GCC unroll 32
  for (int i = 0; i < count; ++i) {
#pragma GCC unroll 4
    for (int v = 0; v < vectors; ++v) acc[v][i] = hn::LoadU(d, panel + v * kLanes);
  }
  for (int64_t r = 0; r < p.num_runs; ++r) {
    const float* HWY_RESTRICT in = p.runs[r].in + skip;
    const float* HWY_RESTRICT w = panel + (p.runs[r].weight + 1) * kWidth;
    for (const float* const end = in + p.runs[r].length; in != end; ++in, w += kWidth) {
      hn::Vec<D> weight[vectors];
#pragma GCC unroll 4
      for (int v = 0; v < vectors; ++v) weight[v] = hn::LoadU(d, w + v * kLanes);
#pragma GCC unroll 32
      for (int i = 0; i < count; ++i) {
        const hn::Vec<D> value = hn::Set(d, in[i * p.in_step]);
#pragma GCC unroll 4
        for (int v = 0; v < vectors; ++v) acc[v][i] = hn::MulAdd(value, weight[v], acc[v][i]);
      }
    }
  }
  const hn::Vec<D> low = hn::Set(d, p.low), high = hn::Set(d, p.high);
#pragma GCC unroll 32
  for (int i = 0; i < count; ++i, out += p.out_step) {
#pragma GCC unroll 4
    for (int v = 0; v < vectors; ++v) acc[v][i] = Limited(acc[v][i], low, high);
    if (channels < kLanes) {
      StoreFew(d, acc[0][i], channels, out);
      continue;
    }
#pragma GCC unroll 4
    for (int v = 0; v < vectors; ++v) hn::StoreU(acc[v][i], d, out + (v + 1 < vectors ? v * kLanes : last));
  }
}

// One panel of channels, whose first is at `out`.
template <class D, int vectors>
void RunPanel(D d, const ConvSize& size, const float* panel, int64_t last, const ConvPixels& p, float* out) {
  constexpr int kTile = TilePixels(vectors);
  int64_t i = 0;
  for (; i + kTile <= p.pixels; i += kTile) {
    Tile<D, vectors, kTile>(d, p, panel, i * p.in_step, last, size.out_channels, out + i * p.out_step);
  }
  if constexpr (kTile > 4) {
    for (; i + 4 <= p.pixels; i += 4) {
      Tile<D, vectors, 4>(d, p, panel, i * p.in_step, last, size.out_channels, out + i * p.out_step);
    }
  }
  for (; i < p.pixels; ++i) {
    Tile<D, vectors, 1>(d, p, panel, i * p.in_step, last, size.out_channels, out + i * p.out_step);
  }
}

template <class D>
void RunPanels(D d, const ConvSize& size, const float* packed, const ConvPixels& p) {
  constexpr int64_t kLanes = hn::MaxLanes(D());
  for (int64_t first = 0, vectors; first < Vectors(size); first += vectors) {
    vectors = PanelVectors(Vectors(size) - first);
    const int64_t start = VectorStart(size, first), last = VectorStart(size, first + vectors - 1) - start;
    if (vectors == 3) RunPanel<D, 3>(d, size, packed, last, p, p.out + start);
    if (vectors == 2) RunPanel<D, 2>(d, size, packed, last, p, p.out + start);
    if (vectors == 1) RunPanel<D, 1>(d, size, packed, last, p, p.out + start);
    packed += (Inner(size) + 1) * vectors * kLanes;
  }
}

// `count` pixels of `outs` output channels, each a dot product: lanes sum apart and are added at the end.
template <int outs, int count>
HWY_INLINE void Dots(const ConvSize& size, const float* HWY_RESTRICT packed, const ConvPixels& p, int64_t skip,
                     float* out) {
  const Narrow d;
  constexpr int64_t kLanes = hn::MaxLanes(Narrow());
  hn::Vec<Narrow> acc[outs][count];
#pragma GCC unroll 16
  for (int i = 0; i < outs * count; ++i) acc[i / count][i % count] = hn::Zero(d);
  const int64_t inner = Inner(size);
  const auto step = [&](const float* in, int64_t in_step, const float* w, int64_t w_step, auto mask) HWY_ATTR
      __attribute__((always_inline)) {
    hn::Vec<Narrow> weight[outs];
#pragma GCC unroll 4
    for (int o = 0; o < outs; ++o) weight[o] = mask(hn::LoadU(d, w + o * w_step));
#pragma GCC unroll 16
    for (int i = 0; i < count; ++i) {
      const hn::Vec<Narrow> value = hn::LoadU(d, in + i * in_step);
#pragma GCC unroll 4
      for (int o = 0; o < outs; ++o) acc[o][i] = hn::MulAdd(value, weight[o], acc[o][i]);
    }
  };
  const auto all = [](auto v) HWY_ATTR { return v; };
  for (int64_t r = 0; r < p.num_runs; ++r) {
    const float* in = p.runs[r].in + skip;
    const float* w = packed + kMaxDots + p.runs[r].weight;
    const int64_t length = p.runs[r].length;
    int64_t k = 0;
    for (; k + kLanes <= length; k += kLanes) step(in + k, p.in_step, w + k, inner, all);
    const int64_t rest = length - k;
    if (rest == 0) continue;
    if (k > 0) {
      // The last vector overlaps the one before it; what was already added meets weight 0.
      const auto fresh = hn::Ge(hn::Iota(d, 0.0f), hn::Set(d, static_cast<float>(kLanes - rest)));
      const auto only_fresh = [&](auto v) HWY_ATTR { return hn::IfThenElseZero(fresh, v); };
      step(in + length - kLanes, p.in_step, w + length - kLanes, inner, only_fresh);
    } else {
      float ins[count * kLanes] = {}, ws[outs * kLanes] = {};
      for (int i = 0; i < count; ++i) {
        std::memcpy(ins + i * kLanes, in + i * p.in_step, static_cast<size_t>(rest) * sizeof(float));
      }
      for (int o = 0; o < outs; ++o)
        std::memcpy(ws + o * kLanes, w + o * inner, static_cast<size_t>(rest) * sizeof(float));
      step(ins, kLanes, ws, kLanes, all);
    }
  }
#pragma GCC unroll 16
  for (int i = 0; i < count; ++i) {
#pragma GCC unroll 4
    for (int o = 0; o < outs; ++o) {
      const float sum = hn::GetLane(hn::SumOfLanes(d, acc[o][i])) + packed[o];
      out[i * p.out_step + o] = sum < p.low ? p.low : sum > p.high ? p.high : sum;
    }
  }
}

template <int outs>
void RunDots(const ConvSize& size, const float* packed, const ConvPixels& p) {
  int64_t i = 0;
  for (; i + kDotPixels <= p.pixels; i += kDotPixels) {
    Dots<outs, kDotPixels>(size, packed, p, i * p.in_step, p.out + i * p.out_step);
  }
  for (; i < p.pixels; ++i) Dots<outs, 1>(size, packed, p, i * p.in_step, p.out + i * p.out_step);
}

void Run(const ConvSize& size, const float* packed, const ConvPixels& p) {
  if (UsesDots(size)) {
    switch (size.out_channels) {
      case 1: return RunDots<1>(size, packed, p);
      case 2: return RunDots<2>(size, packed, p);
      case 3: return RunDots<3>(size, packed, p);
      default: return RunDots<4>(size, packed, p);
    }
  }
  if (OutLanes(size) == static_cast<int64_t>(hn::Lanes(Wide()))) return RunPanels(Wide(), size, packed, p);
  RunPanels(Narrow(), size, packed, p);
}

}  // namespace safelight::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace safelight::kernels {
namespace {
HWY_EXPORT(PackedBytes);
HWY_EXPORT(Pack);
HWY_EXPORT(Layout);
HWY_EXPORT(Run);
}  // namespace

size_t ConvPackedBytes(const ConvSize& size) { return HWY_DYNAMIC_DISPATCH(PackedBytes)(size); }
void PackConv(const ConvSize& size, const float* weights, const float* bias, float* packed) {
  HWY_DYNAMIC_DISPATCH(Pack)(size, weights, bias, packed);
}
int64_t ConvLayout(const ConvSize& size) { return HWY_DYNAMIC_DISPATCH(Layout)(size); }
void RunConv(const ConvSize& size, const float* packed, const ConvPixels& pixels) {
  HWY_DYNAMIC_DISPATCH(Run)(size, packed, pixels);
}

}  // namespace safelight::kernels
#endif  // HWY_ONCE
