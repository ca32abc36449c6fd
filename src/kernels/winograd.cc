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
constexpr int MicroTiles(int vectors) { return std::min(14, (kRegisters - vectors - 1) / vectors) / 2 * 2; }

constexpr int64_t kBlockBytes = 256 << 10;  // of transformed inputs and products: about half of a small L2 cache
constexpr int64_t kLine = 16;               // floats

// Vectors of output channels are shared out evenly to as few micro-kernels as possible.
struct Panels {
  int64_t vectors;
  int64_t count() const { return (vectors + kMaxVectors - 1) / kMaxVectors; }
  int64_t begin(int64_t panel) const { return vectors * panel / count(); }
};

// Memory of a block of up to `tiles` tiles. Planes lie a cache line further apart than they are long, against conflicts
// in L1.
struct Block {
  int64_t tiles;
  int64_t in_step, in_plane;    // [point][tile][in_channels]
  int64_t out_step, out_plane;  // [point][tile][vectors of out_channels]
  Block(const WinogradSize& size, int64_t tiles_of_row) {
    const Lanes out = LanesOf(size.out_channels);
    in_step = RoundUp(size.in_channels, size.in_channels < kLine ? 4 : kLine);
    out_step = out.vectors() * out.lanes;
    const int64_t fit = kBlockBytes / (kPoints * (in_step + out_step) * static_cast<int64_t>(sizeof(float)));
    tiles = RoundUp(std::min(std::clamp<int64_t>(fit, 8, 56), tiles_of_row), 2);
    in_plane = RoundUp(tiles * in_step + kLine, kLine);
    out_plane = RoundUp(tiles * out_step + kLine, kLine);
  }
  int64_t EdgeFloats() const { return kPoints * in_step + kLine; }
};

int64_t Layout(const WinogradSize& size) { return LanesOf(size.out_channels).lanes * 16 + kMaxVectors; }

size_t PackedBytes(const WinogradSize& size) {
  const Lanes out = LanesOf(size.out_channels);
  const int64_t width = out.vectors() * out.lanes;
  return static_cast<size_t>(RoundUp(width, kLine) + kPoints * size.in_channels * width) * sizeof(float);
}

size_t ScratchBytes(const WinogradSize& size, int64_t columns) {
  const Block block(size, columns / 4 + 2);
  const int64_t floats = kPoints * (block.in_plane + block.out_plane) + block.EdgeFloats();
  return static_cast<size_t>(floats) * sizeof(float);
}

const double kRoot = std::sqrt(2.0), kHalfRoot = std::sqrt(0.5);

// Bias, then [point][panel][ic][channel of the panel].
void Pack(const WinogradSize& size, const float* weights, const float* bias, float* packed) {
  // The usual weights of the points, divided by sqrt(2) and sqrt(1/2) for what is left out when outputs are made.
  const double to[6][3] = {{1, 0, 0},
                           {-kRoot / 3, -1.0 / 3, -kRoot / 6},
                           {-kRoot / 3, 1.0 / 3, -kRoot / 6},
                           {kRoot / 6, 1.0 / 3, kRoot / 3},
                           {kRoot / 6, -1.0 / 3, kRoot / 3},
                           {0, 0, 1}};
  const Lanes out = LanesOf(size.out_channels);
  const Panels panels{out.vectors()};
  const int64_t width = out.vectors() * out.lanes, inner = size.in_channels;
  std::memset(packed, 0, PackedBytes(size));
  float* const points = packed + RoundUp(width, kLine);
  for (int64_t p = 0; p < panels.count(); ++p) {
    const int64_t first = panels.begin(p) * out.lanes, panel_width = panels.begin(p + 1) * out.lanes - first;
    for (int64_t lane = 0; lane < panel_width; ++lane) {
      const int64_t channel = out.start((first + lane) / out.lanes) + (first + lane) % out.lanes;
      if (channel >= size.out_channels) continue;
      if (bias != nullptr) packed[first + lane] = bias[channel];
      for (int64_t i = 0; i < inner; ++i) {
        const float* const filter = weights + channel * 9 * inner + i;
        double rows[6][3] = {};
        for (int y = 0; y < 6; ++y) {
          for (int x = 0; x < 3; ++x) {
            for (int k = 0; k < 3; ++k) rows[y][x] += to[y][k] * static_cast<double>(filter[(k * 3 + x) * inner]);
          }
        }
        for (int point = 0; point < kPoints; ++point) {
          double sum = 0;
          for (int k = 0; k < 3; ++k) sum += rows[point / 6][k] * to[point % 6][k];
          points[(point * width + first) * inner + i * panel_width + lane] = static_cast<float>(sum);
        }
      }
    }
  }
}

// Tiles [first, first + count) of the strip. Those that lie across a border, and pixels of fewer channels than lanes,
// are read from a copy with zeros around it.
template <class D>
void Inputs(D d, const WinogradSize& size, const WinogradStrip& s, int64_t first, int64_t count, const Block& block,
            float* to, float* edge) {
  const int64_t end = first + count, channels = size.in_channels, step = block.in_step;
  const bool direct =
      channels >= static_cast<int64_t>(hn::MaxLanes(D())) && std::find(s.in, s.in + 6, nullptr) == s.in + 6;
  // Tiles that read columns inside the picture only.
  const int64_t inside_begin = direct ? std::clamp<int64_t>(s.pad > 0 ? 1 : 0, first, end) : end;
  const int64_t inside_end = std::clamp((s.width + s.pad - 2) / 4, inside_begin, end);
  const float* rows[6];
  for (int64_t j = first; j < end; ++j) {
    if (j == inside_begin && inside_end > inside_begin) {
      for (int y = 0; y < 6; ++y) rows[y] = s.in[y] + (4 * j - s.pad) * s.in_step;
      InputTiles(d, channels, rows, s.in_step, inside_end - j, to + (j - first) * step, step, block.in_plane);
      j = inside_end;
      if (j == end) break;
    }
    std::memset(edge, 0, static_cast<size_t>(block.EdgeFloats()) * sizeof(float));
    for (int64_t i = 0; i < kPoints; ++i) {
      const int64_t x = 4 * j - s.pad + i % 6;
      if (s.in[i / 6] == nullptr || x < 0 || x >= s.width) continue;
      std::memcpy(edge + i * step, s.in[i / 6] + x * s.in_step, static_cast<size_t>(channels) * sizeof(float));
    }
    for (int y = 0; y < 6; ++y) rows[y] = edge + y * 6 * step;
    InputTiles(d, channels, rows, step, 1, to + (j - first) * step, step, block.in_plane);
  }
}

// Products of `tiles` tiles and `vectors` vectors of output channels at one point.
template <class D, int vectors, int tiles>
HWY_NOINLINE void Micro(D d, const float* HWY_RESTRICT in, int64_t in_step, const float* HWY_RESTRICT weights,
                        int64_t inner, float* HWY_RESTRICT out, int64_t out_step) {
  constexpr int64_t kLanes = hn::MaxLanes(D());
  hn::Vec<D> acc[vectors][tiles];
#pragma GCC unroll 64
  for (int i = 0; i < vectors * tiles; ++i) acc[i / tiles][i % tiles] = hn::Zero(d);
  for (int64_t k = 0; k < inner; ++k) {
    hn::Vec<D> weight[vectors];
#pragma GCC unroll 4
    for (int v = 0; v < vectors; ++v) weight[v] = hn::LoadU(d, weights + (k * vectors + v) * kLanes);
#pragma GCC unroll 16
    for (int i = 0; i < tiles; ++i) {
      const hn::Vec<D> value = hn::Set(d, in[i * in_step + k]);
#pragma GCC unroll 4
      for (int v = 0; v < vectors; ++v) acc[v][i] = hn::MulAdd(value, weight[v], acc[v][i]);
    }
  }
#pragma GCC unroll 16
  for (int i = 0; i < tiles; ++i) {
#pragma GCC unroll 4
    for (int v = 0; v < vectors; ++v) hn::StoreU(acc[v][i], d, out + i * out_step + v * kLanes);
  }
}

template <class D, int vectors, int tiles>
HWY_INLINE void MicroOfUpTo(D d, int64_t count, const float* in, int64_t in_step, const float* weights, int64_t inner,
                            float* out, int64_t out_step) {
  if constexpr (tiles > 2) {
    if (count < tiles) {
      return MicroOfUpTo<D, vectors, tiles - 2>(d, count, in, in_step, weights, inner, out, out_step);
    }
  }
  Micro<D, vectors, tiles>(d, in, in_step, weights, inner, out, out_step);
}

// One panel of weights with all tiles of a block, an even number of them.
template <class D, int vectors>
void Products(D d, int64_t tiles, const float* in, int64_t in_step, const float* weights, int64_t inner, float* out,
              int64_t out_step) {
  constexpr int kMost = MicroTiles(vectors);
  const int64_t groups = (tiles + kMost - 1) / kMost;
  for (int64_t g = 0, t = 0; g < groups; ++g) {
    const int64_t end = tiles / 2 * (g + 1) / groups * 2;
    MicroOfUpTo<D, vectors, kMost>(d, end - t, in + t * in_step, in_step, weights, inner, out + t * out_step, out_step);
    t = end;
  }
}

template <class D>
void AllProducts(D d, const WinogradSize& size, const Block& block, int64_t tiles, const float* in,
                 const float* weights, float* out) {
  constexpr int64_t kLanes = hn::MaxLanes(D());
  const Panels panels{block.out_step / kLanes};
  const int64_t even = RoundUp(tiles, 2);
  for (int64_t point = 0; point < kPoints; ++point, in += block.in_plane, out += block.out_plane) {
    for (int64_t p = 0; p < panels.count(); ++p) {
      const int64_t begin = panels.begin(p), vectors = panels.begin(p + 1) - begin;
      const auto run = [&](auto count) HWY_ATTR {
        Products<D, count()>(d, even, in, block.in_step, weights, size.in_channels, out + begin * kLanes,
                             block.out_step);
      };
      if constexpr (kMaxVectors == 4) {
        if (vectors == 4) run(std::integral_constant<int, 4>());
      }
      if (vectors == 3) run(std::integral_constant<int, 3>());
      if (vectors == 2) run(std::integral_constant<int, 2>());
      if (vectors == 1) run(std::integral_constant<int, 1>());
      weights += vectors * kLanes * size.in_channels;
    }
  }
}

void Run(const WinogradSize& size, const float* packed, const WinogradStrip& s) {
  const int64_t first = s.x_begin / 4, end = (s.x_end + 3) / 4;
  const Block block(size, end - first);
  float* const in = s.scratch;
  float* const out = in + kPoints * block.in_plane;
  float* const edge = out + kPoints * block.out_plane;
  const float* const weights = packed + RoundUp(block.out_step, kLine);
  const bool wide_in = UsesWide(size.in_channels), wide_out = UsesWide(size.out_channels);
  const int64_t blocks = (end - first + block.tiles - 1) / block.tiles;
  for (int64_t b = 0; b < blocks; ++b) {
    const int64_t j = first + (end - first) * b / blocks, count = first + (end - first) * (b + 1) / blocks - j;
    if (wide_in) {
      Inputs(Wide(), size, s, j, count, block, in, edge);
    } else {
      Inputs(Narrow(), size, s, j, count, block, in, edge);
    }
    if (wide_out) {
      AllProducts(Wide(), size, block, count, in, weights, out);
      Outputs(Wide(), size, s, packed, j, count, out, block.out_step, block.out_plane);
    } else {
      AllProducts(Narrow(), size, block, count, in, weights, out);
      Outputs(Narrow(), size, s, packed, j, count, out, block.out_step, block.out_plane);
    }
  }
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
size_t WinogradScratchBytes(const WinogradSize& size, int64_t columns) {
  return HWY_DYNAMIC_DISPATCH(ScratchBytes)(size, columns);
}
void RunWinograd(const WinogradSize& size, const float* packed, const WinogradStrip& strip) {
  HWY_DYNAMIC_DISPATCH(Run)(size, packed, strip);
}

}  // namespace safelight::kernels
#endif  // HWY_ONCE
