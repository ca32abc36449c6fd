// SPDX-License-Identifier: Apache-2.0
//
// The loops of int_product.cc for one set of instructions. Included once for each: SL_DOT is the namespace,
// SL_DOT_BYTES says that bytes can be multiplied, by DotOfBytes, and SL_DOT_PAIRS that DotOfPairs does so with 16-bit
// values.
#include <hwy/highway.h>

namespace SL_DOT {

// sum (and rest, on targets that need two) += products of the inputs' group with every channel's weights.
struct Pairs {
  static constexpr int64_t kValues = 2;
#if SL_DOT_PAIRS
  static constexpr int kSums = 1;
#else
  static constexpr int kSums = HWY_ARCH_ARM ? 2 : 1;
#endif
  template <class D, class V = hn::Vec<D>>
  static HWY_INLINE void Add(D d, V in, V weights, V& sum, V& rest) {
#if SL_DOT_PAIRS
    (void)rest;
    sum = DotOfPairs(d, in, weights, sum);
#else
    const hn::Repartition<int16_t, D> d16;
    sum = hn::ReorderWidenMulAccumulate(d, hn::BitCast(d16, in), hn::BitCast(d16, weights), sum, rest);
#endif
  }
};
#if SL_DOT_BYTES
struct Bytes {
  static constexpr int64_t kValues = 4;
  static constexpr int kSums = 1;
  template <class D, class V = hn::Vec<D>>
  static HWY_INLINE void Add(D d, V in, V weights, V& sum, V&) {
    sum = DotOfBytes(d, in, weights, sum);
  }
};
#endif

// `kPixels` pixels times the channels of `kBlocks` blocks of kWidth channels, whose weights are `next` bytes apart.
template <class Dot, int kWidth, int kBlocks, int kPixels>
HWY_INLINE void Block(const IntPixels& p, int64_t first, const std::byte* weights, int64_t next, int32_t* sums,
                      int64_t step) {
  const hn::CappedTag<int32_t, kWidth> d;
  constexpr int64_t kLanes = hn::MaxLanes(hn::CappedTag<int32_t, kWidth>());
  constexpr int kParts = kWidth / kLanes, kVectors = kBlocks * kParts;
  using V = hn::Vec<decltype(d)>;
  V sum[kPixels][kVectors], rest[kPixels][kVectors];
#pragma GCC unroll 32
  for (int i = 0; i < kPixels; ++i) {
#pragma GCC unroll 8
    for (int v = 0; v < kVectors; ++v) sum[i][v] = rest[i][v] = hn::Zero(d);
  }
  const int64_t in_step = p.in_step;
  for (int64_t r = 0; r < p.num_runs; ++r) {
    const std::byte* HWY_RESTRICT in = static_cast<const std::byte*>(p.runs[r].in) + first * in_step;
    const std::byte* HWY_RESTRICT w = weights + p.runs[r].group * kWidth * 4;
    for (const std::byte* const end = in + 4 * p.runs[r].groups; in != end; in += 4, w += kWidth * 4) {
      V of[kVectors];
#pragma GCC unroll 8
      for (int v = 0; v < kVectors; ++v) {
        of[v] = hn::LoadU(d, reinterpret_cast<const int32_t*>(w + v / kParts * next) + v % kParts * kLanes);
      }
#pragma GCC unroll 32
      for (int i = 0; i < kPixels; ++i) {
        int32_t group;
        std::memcpy(&group, in + i * in_step, sizeof(group));
        const V x = hn::Set(d, group);
#pragma GCC unroll 8
        for (int v = 0; v < kVectors; ++v) Dot::Add(d, x, of[v], sum[i][v], rest[i][v]);
      }
    }
  }
#pragma GCC unroll 32
  for (int i = 0; i < kPixels; ++i) {
#pragma GCC unroll 8
    for (int v = 0; v < kVectors; ++v) {
      V all = sum[i][v];
      if constexpr (Dot::kSums == 2) all = hn::RearrangeToOddPlusEven(sum[i][v], rest[i][v]);
      hn::StoreU(all, d, sums + (first + i) * step + v * kLanes);
    }
  }
}

template <class Dot, int kWidth, int kBlocks>
void Blocks(const IntPixels& p, const std::byte* weights, int64_t next, int32_t* sums, int64_t step) {
  constexpr int kVectors = kBlocks * kWidth / static_cast<int>(hn::MaxLanes(hn::CappedTag<int32_t, kWidth>()));
  constexpr int kRegisters = HWY_TARGET <= HWY_AVX3 || HWY_ARCH_ARM_A64 ? 32 : 16;
  // As many as leave registers for weights and a group. Twelve sums keep the multipliers busy; more would be too long a
  // block for the CPU to begin the next one meanwhile.
  constexpr int kMost = std::min(12 / kVectors, (kRegisters - 1 - kVectors) / (kVectors * Dot::kSums));
  int64_t x = 0;
  for (; x + kMost <= p.pixels; x += kMost) Block<Dot, kWidth, kBlocks, kMost>(p, x, weights, next, sums, step);
  if constexpr (kMost > 4) {
    for (; x + 4 <= p.pixels; x += 4) Block<Dot, kWidth, kBlocks, 4>(p, x, weights, next, sums, step);
  }
  for (; x < p.pixels; ++x) Block<Dot, kWidth, kBlocks, 1>(p, x, weights, next, sums, step);
}

template <class Dot>
void Product(int64_t out_channels, int64_t groups, const std::byte* packed, const IntPixels& p) {
  // Blocks made together: two where one is a single vector.
  constexpr int kTogether = hn::MaxLanes(hn::CappedTag<int32_t, 16>()) == 16 ? 2 : 1;
  const int64_t padded = PaddedChannels(out_channels), next = groups * 16 * 4;
  int64_t c = 0;
  if constexpr (kTogether == 2) {
    for (; padded - c >= 32; c += 32, packed += 2 * next) Blocks<Dot, 16, 2>(p, packed, next, p.sums + c, padded);
  }
  for (; padded - c >= 16; c += 16, packed += next) Blocks<Dot, 16, 1>(p, packed, next, p.sums + c, padded);
  if (padded > c) Blocks<Dot, 8, 1>(p, packed, next, p.sums + c, padded);
}

}  // namespace SL_DOT
