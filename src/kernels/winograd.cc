// SPDX-License-Identifier: Apache-2.0
#include "kernels/winograd.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/winograd.cc"
#include <hwy/foreach_target.h>
// Must come after foreach_target.h.
#include <hwy/highway.h>

#include "kernels/winograd_transform-inl.h"

HWY_BEFORE_NAMESPACE();
namespace safelight::kernels::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

#if HWY_TARGET <= HWY_AVX3 || HWY_TARGET == HWY_NEON
constexpr int kRegisters = 32;
#else
constexpr int kRegisters = 16;
#endif

// A micro-kernel multiplies some tiles with 1 .. kMaxVectors vectors of output channels: fewer broadcasts per
// multiply-add where vectors are short.
constexpr int kMaxVectors = HWY_TARGET == HWY_NEON ? 4 : 3;
// Tiles of a micro-kernel, an even number: sums, weights and one broadcast fit into the registers.
constexpr int MicroTiles(int vectors) { return std::min<int>(kGroup, (kRegisters - vectors - 1) / vectors) / 2 * 2; }

// Vectors of output channels of the next micro-kernel, or its tiles, where `left` are left and `most` fit: the last two
// are nearly equal.
constexpr int64_t Share(int64_t left, int64_t most, int64_t multiple) {
  return left >= 2 * most ? most : left <= most ? left : (left / multiple + 1) / 2 * multiple;
}

// Memory of a group of tiles. Larger blocks would read the weights less often, but not stay in the L2 cache with them.
struct Group {
  Lanes in, out;
  explicit Group(const WinogradSize& size) : in(InLanes(size.in_channels)), out(OutLanes(size.out_channels)) {}
  int64_t EdgeStep() const { return RoundUp(in.channels, in.lanes); }
  int64_t EdgeFloats() const { return kPoints * EdgeStep(); }
};

int64_t Layout(const WinogradSize& size) { return OutLanes(size.out_channels).lanes * 16 + kMaxVectors; }

size_t PackedBytes(const WinogradSize& size) {
  const Lanes out = OutLanes(size.out_channels);
  const int64_t width = out.vectors * out.lanes;
  return static_cast<size_t>(RoundUp(width, kLine) + kPoints * size.in_channels * width) * sizeof(float);
}

size_t ScratchBytes(const WinogradSize& size) {
  const Group group(size);
  return static_cast<size_t>(group.in.floats() + group.out.floats() + group.EdgeFloats()) * sizeof(float);
}

// One filter of one pair of channels at the points; its taps are `step` floats apart.
void FilterAtPoints(int64_t taps, const float* filter, int64_t step, double* points) {
  const double root = std::sqrt(2.0), half_root = std::sqrt(0.5);
  // The points 0, +-sqrt(1/2), +-sqrt(2), and the weight of each, divided by sqrt(2) and sqrt(1/2) for what is left out
  // when outputs are made. The last point is infinity: only the last tap counts.
  const double at[5] = {0, half_root, -half_root, root, -root};
  const double first[5] = {1, -root / 3, -root / 3, root / 6, root / 6};
  double to[6][5] = {}, rows[6][5] = {};
  for (int point = 0; point < 5; ++point) {
    double power = first[point];
    for (int64_t k = 0; k < taps; ++k, power *= at[point]) to[point][k] = power;
  }
  to[5][taps - 1] = 1;
  for (int y = 0; y < 6; ++y) {
    for (int64_t x = 0; x < taps; ++x) {
      for (int64_t k = 0; k < taps; ++k) rows[y][x] += to[y][k] * static_cast<double>(filter[(k * taps + x) * step]);
    }
  }
  for (int point = 0; point < kPoints; ++point) {
    points[point] = 0;
    for (int64_t k = 0; k < taps; ++k) points[point] += rows[point / 6][k] * to[point % 6][k];
  }
}

// Bias, then [point][panel][ic][channel of the panel].
void Pack(const WinogradSize& size, const float* weights, const float* bias, float* packed) {
  const Lanes out = OutLanes(size.out_channels);
  const int64_t width = out.vectors * out.lanes, inner = size.in_channels;
  std::memset(packed, 0, PackedBytes(size));
  float* const points = packed + RoundUp(width, kLine);
  for (int64_t first = 0, panel_width; first < width; first += panel_width) {
    panel_width = Share(out.vectors - first / out.lanes, kMaxVectors, 1) * out.lanes;
    for (int64_t lane = 0; lane < panel_width; ++lane) {
      const int64_t channel = out.start((first + lane) / out.lanes) + (first + lane) % out.lanes;
      if (channel >= size.out_channels) continue;
      if (bias != nullptr) packed[first + lane] = bias[channel];
      for (int64_t i = 0; i < inner; ++i) {
        double at[kPoints];
        FilterAtPoints(size.taps, weights + channel * size.taps * size.taps * inner + i, inner, at);
        for (int point = 0; point < kPoints; ++point) {
          points[(point * width + first) * inner + i * panel_width + lane] = static_cast<float>(at[point]);
        }
      }
    }
  }
}

// Tiles [first, first + count) of the strip, a group. Those that lie across a border, and pixels of fewer channels than
// lanes, are read from a copy with zeros around it.
template <int kOuts, class D>
void Inputs(D d, const WinogradStrip& s, int64_t first, int64_t count, const Group& group, float* to, float* edge) {
  const int64_t end = first + count, channels = group.in.channels, step = group.EdgeStep();
  const bool direct = channels >= group.in.lanes && std::find(s.in, s.in + 6, nullptr) == s.in + 6;
  // Tiles that read columns inside the picture only.
  const int64_t inside_begin = direct ? std::clamp((s.pad + kOuts - 1) / kOuts, first, end) : end;
  const int64_t inside_end = std::clamp((s.width + s.pad - 6 + kOuts) / kOuts, inside_begin, end);
  const float* rows[6];
  for (int64_t j = first; j < end; ++j) {
    if (j == inside_begin && inside_end > inside_begin) {
      for (int y = 0; y < 6; ++y) rows[y] = s.in[y] + (kOuts * j - s.pad) * s.in_step;
      InputTiles<kOuts>(d, channels, rows, s.in_step, inside_end - j, to + (j - first) * group.in.lanes);
      j = inside_end;
      if (j == end) break;
    }
    std::memset(edge, 0, static_cast<size_t>(group.EdgeFloats()) * sizeof(float));
    for (int64_t i = 0; i < kPoints; ++i) {
      const int64_t x = kOuts * j - s.pad + i % 6;
      if (s.in[i / 6] == nullptr || x < 0 || x >= s.width) continue;
      std::memcpy(edge + i * step, s.in[i / 6] + x * s.in_step, static_cast<size_t>(channels) * sizeof(float));
    }
    for (int y = 0; y < 6; ++y) rows[y] = edge + y * 6 * step;
    InputTiles<kOuts>(d, channels, rows, step, 1, to + (j - first) * group.in.lanes);
  }
}

// Products of `tiles` tiles of a group and `vectors` vectors of output channels at one point.
template <class D, int64_t in_lanes, int vectors, int tiles>
HWY_NOINLINE void Micro(D d, const Lanes& lanes, const float* HWY_RESTRICT in, const float* HWY_RESTRICT weights,
                        float* HWY_RESTRICT out, int64_t out_step) {
  constexpr int64_t kLanes = hn::MaxLanes(D());
  hn::Vec<D> acc[vectors][tiles];
#pragma GCC unroll 64
  for (int i = 0; i < vectors * tiles; ++i) acc[i / tiles][i % tiles] = hn::Zero(d);
  const int64_t end = std::min(in_lanes, lanes.channels);
  for (int64_t vector = 1; vector <= lanes.vectors; ++vector, in += lanes.step) {
    const int64_t repeated = vector == lanes.vectors ? lanes.repeated : 0;
    for (int64_t k = repeated; k < end; ++k) {
      hn::Vec<D> weight[vectors];
#pragma GCC unroll 4
      for (int v = 0; v < vectors; ++v) weight[v] = hn::LoadU(d, weights + v * kLanes);
      weights += vectors * kLanes;
#pragma GCC unroll 16
      for (int i = 0; i < tiles; ++i) {
        const hn::Vec<D> value = hn::Set(d, in[i * in_lanes + k]);
#pragma GCC unroll 4
        for (int v = 0; v < vectors; ++v) acc[v][i] = hn::MulAdd(value, weight[v], acc[v][i]);
      }
    }
  }
#pragma GCC unroll 16
  for (int i = 0; i < tiles; ++i) {
#pragma GCC unroll 4
    for (int v = 0; v < vectors; ++v) hn::StoreU(acc[v][i], d, out + i * kLanes + v * out_step);
  }
}

template <class D, int64_t in_lanes, int vectors, int tiles>
HWY_INLINE void MicroOfUpTo(D d, int64_t count, const Group& group, const float* in, const float* weights, float* out) {
  if constexpr (tiles > 2) {
    if (count < tiles) return MicroOfUpTo<D, in_lanes, vectors, tiles - 2>(d, count, group, in, weights, out);
  }
  Micro<D, in_lanes, vectors, tiles>(d, group.in, in, weights, out, group.out.step);
}

// One panel of weights at one point, with an even number of tiles of one group.
template <class D, int64_t in_lanes, int vectors>
void Products(D d, int64_t tiles, const Group& group, const float* in, const float* weights, float* out) {
  constexpr int64_t kMost = MicroTiles(vectors), kLanes = hn::MaxLanes(D());
  for (int64_t count; tiles > 0; tiles -= count) {
    count = Share(tiles, kMost, 2);
    MicroOfUpTo<D, in_lanes, vectors, kMost>(d, count, group, in, weights, out);
    in += count * in_lanes;
    out += count * kLanes;
  }
}

template <class D, int64_t in_lanes>
void AllProducts(D d, const Group& group, int64_t tiles, const float* in, const float* weights, float* out) {
  constexpr int64_t kLanes = hn::MaxLanes(D());
  const int64_t even = RoundUp(tiles, 2);
  for (int64_t point = 0; point < kPoints; ++point, in += kGroup * in_lanes) {
    float* to = out + point * kGroup * kLanes;
    for (int64_t left = group.out.vectors, vectors; left > 0; left -= vectors) {
      vectors = Share(left, kMaxVectors, 1);
      if constexpr (kMaxVectors == 4) {
        if (vectors == 4) Products<D, in_lanes, 4>(d, even, group, in, weights, to);
      }
      if (vectors == 3) Products<D, in_lanes, 3>(d, even, group, in, weights, to);
      if (vectors == 2) Products<D, in_lanes, 2>(d, even, group, in, weights, to);
      if (vectors == 1) Products<D, in_lanes, 1>(d, even, group, in, weights, to);
      weights += vectors * kLanes * group.in.channels;
      to += vectors * group.out.step;
    }
  }
}

template <int kOuts, class In, class Out>
void RunTiles(const WinogradSize& size, const float* packed, const WinogradStrip& s) {
  const int64_t end = (s.x_end + kOuts - 1) / kOuts;
  const Group group(size);
  float* const in = s.scratch;
  float* const out = in + group.in.floats();
  float* const edge = out + group.out.floats();
  const float* const weights = packed + RoundUp(group.out.vectors * group.out.lanes, kLine);
  for (int64_t j = s.x_begin / kOuts, count; j < end; j += count) {
    count = std::min(Share(RoundUp(end - j, 2), kGroup, 2), end - j);
    Inputs<kOuts>(In(), s, j, count, group, in, edge);
    AllProducts<Out, hn::MaxLanes(In())>(Out(), group, count, in, weights, out);
    Outputs<kOuts>(Out(), size, s, packed, j, count, out);
  }
}

template <class In, class Out>
void RunLanes(const WinogradSize& size, const float* packed, const WinogradStrip& s) {
  return size.taps == 3 ? RunTiles<4, In, Out>(size, packed, s) : RunTiles<2, In, Out>(size, packed, s);
}

void Run(const WinogradSize& size, const float* packed, const WinogradStrip& s) {
  constexpr int64_t kWide = hn::MaxLanes(Wide()), kNarrow = hn::MaxLanes(Narrow());
  const bool wide_in = InLanes(size.in_channels).lanes == kWide, wide_out = OutLanes(size.out_channels).lanes == kWide;
  if constexpr (kWide != kNarrow) {
    if (wide_in && wide_out) return RunLanes<Wide, Wide>(size, packed, s);
    if (wide_in) return RunLanes<Wide, Narrow>(size, packed, s);
    if (wide_out) return RunLanes<Narrow, Wide>(size, packed, s);
  }
  RunLanes<Narrow, Narrow>(size, packed, s);
}

}  // namespace safelight::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace safelight::kernels {
namespace {
HWY_EXPORT(PackedBytes);
HWY_EXPORT(Pack);
HWY_EXPORT(Layout);
HWY_EXPORT(ScratchBytes);
HWY_EXPORT(Run);
}  // namespace

size_t WinogradPackedBytes(const WinogradSize& size) { return HWY_DYNAMIC_DISPATCH(PackedBytes)(size); }
void PackWinograd(const WinogradSize& size, const float* weights, const float* bias, float* packed) {
  HWY_DYNAMIC_DISPATCH(Pack)(size, weights, bias, packed);
}
int64_t WinogradLayout(const WinogradSize& size) { return HWY_DYNAMIC_DISPATCH(Layout)(size); }
size_t WinogradScratchBytes(const WinogradSize& size) { return HWY_DYNAMIC_DISPATCH(ScratchBytes)(size); }
void RunWinograd(const WinogradSize& size, const float* packed, const WinogradStrip& strip) {
  HWY_DYNAMIC_DISPATCH(Run)(size, packed, strip);
}

}  // namespace safelight::kernels
#endif  // HWY_ONCE
