// SPDX-License-Identifier: Apache-2.0
#include "kernels/int_product.h"

#include <algorithm>
#include <cstring>

#include "base/cpu.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/int_product.cc"
#include <hwy/foreach_target.h>
// Must come after foreach_target.h.
#include <hwy/highway.h>

#undef SL_DOT
#undef SL_DOT_BYTES
#undef SL_DOT_PAIRS

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

void Flip(const uint8_t* from, int64_t count, uint8_t* to) {
  const hn::ScalableTag<uint8_t> d;
  const int64_t lanes = static_cast<int64_t>(hn::Lanes(d));
  const auto sign = hn::Set(d, uint8_t{0x80});
  int64_t i = 0;
  for (; i + lanes <= count; i += lanes) hn::StoreU(hn::Xor(hn::LoadU(d, from + i), sign), d, to + i);
  for (; i < count; ++i) to[i] = from[i] ^ 0x80;
}

#if HWY_TARGET == HWY_SCALAR

// Processors without vectors: the same sums, one by one.
void PairsOfTarget(int64_t out_channels, int64_t groups, const std::byte* packed, const IntPixels& p) {
  const int64_t padded = PaddedChannels(out_channels);
  for (int64_t x = 0; x < p.pixels; ++x) {
    for (int64_t c = 0; c < padded; ++c) {
      const int64_t block = c / 16 * 16, width = std::min<int64_t>(16, padded - block);
      const int16_t* weights = reinterpret_cast<const int16_t*>(packed + block * groups * 4) + (c - block) * 2;
      uint32_t sum = 0;
      for (int64_t r = 0; r < p.num_runs; ++r) {
        const std::byte* in = static_cast<const std::byte*>(p.runs[r].in) + x * p.in_step;
        for (int64_t k = 0; k < 2 * p.runs[r].groups; ++k) {
          int16_t value;
          std::memcpy(&value, in + 2 * k, sizeof(value));
          sum += static_cast<uint32_t>(value * weights[(p.runs[r].group + k / 2) * width * 2 + k % 2]);
        }
      }
      p.sums[x * padded + c] = static_cast<int32_t>(sum);
    }
  }
}

#else

#define SL_DOT plain
#define SL_DOT_BYTES 0
#define SL_DOT_PAIRS 0
#include "kernels/int_product-inl.h"
#undef SL_DOT
#undef SL_DOT_BYTES
#undef SL_DOT_PAIRS

void PairsOfTarget(int64_t out_channels, int64_t groups, const std::byte* packed, const IntPixels& pixels) {
  plain::Product<plain::Pairs>(out_channels, groups, packed, pixels);
}

#endif  // HWY_TARGET == HWY_SCALAR

}  // namespace safelight::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

// Instructions beyond those of the target, which Highway does not know: their own attributes, their own detection.
#if HWY_TARGET == HWY_AVX3
#define SL_DOT vnni
#define SL_DOT_TARGETS HWY_TARGET_STR_AVX3 ",avx512vnni"
#elif HWY_TARGET == HWY_AVX2
#define SL_DOT avx_vnni
#define SL_DOT_TARGETS HWY_TARGET_STR_AVX2 ",avxvnni"
#elif HWY_TARGET == HWY_NEON && HWY_ARCH_ARM_A64
#define SL_DOT arm_dot
#define SL_DOT_TARGETS "arch=armv8.2-a+crypto+dotprod"
#endif

#ifdef SL_DOT
#define SL_DOT_BYTES 1
#define SL_DOT_PAIRS HWY_ARCH_X86
HWY_PUSH_ATTRIBUTES(SL_DOT_TARGETS)
namespace safelight::kernels::HWY_NAMESPACE {
namespace SL_DOT {
namespace hn = hwy::HWY_NAMESPACE;
template <class D, class V = hn::Vec<D>>
HWY_INLINE V DotOfBytes(D, V in, V weights, V sum) {
#if HWY_TARGET == HWY_AVX3
  if constexpr (sizeof(V) == 64) {
    return V{_mm512_dpbusd_epi32(sum.raw, in.raw, weights.raw)};
  } else {
    return V{_mm256_dpbusd_epi32(sum.raw, in.raw, weights.raw)};
  }
#elif HWY_TARGET == HWY_AVX2
  return V{_mm256_dpbusd_avx_epi32(sum.raw, in.raw, weights.raw)};
#else
  return V{vdotq_s32(sum.raw, vreinterpretq_s8_s32(in.raw), vreinterpretq_s8_s32(weights.raw))};
#endif
}
#if SL_DOT_PAIRS
template <class D, class V = hn::Vec<D>>
HWY_INLINE V DotOfPairs(D, V in, V weights, V sum) {
#if HWY_TARGET == HWY_AVX3
  if constexpr (sizeof(V) == 64) {
    return V{_mm512_dpwssd_epi32(sum.raw, in.raw, weights.raw)};
  } else {
    return V{_mm256_dpwssd_epi32(sum.raw, in.raw, weights.raw)};
  }
#else
  return V{_mm256_dpwssd_avx_epi32(sum.raw, in.raw, weights.raw)};
#endif
}
#endif
}  // namespace SL_DOT
#include "kernels/int_product-inl.h"
}  // namespace safelight::kernels::HWY_NAMESPACE
HWY_POP_ATTRIBUTES
#undef SL_DOT
#undef SL_DOT_TARGETS
#undef SL_DOT_BYTES
#undef SL_DOT_PAIRS
#endif

#if HWY_ONCE
namespace safelight::kernels {
namespace {

HWY_EXPORT(Widen8);
HWY_EXPORT(WidenU8);
HWY_EXPORT(Widen16);
HWY_EXPORT(Flip);
HWY_EXPORT(PairsOfTarget);

void RunPairs(int64_t out_channels, int64_t groups, const std::byte* packed, const IntPixels& pixels) {
  HWY_DYNAMIC_DISPATCH(PairsOfTarget)(out_channels, groups, packed, pixels);
}

// Those with instructions of their own, best first: those of bytes, then those of pairs.
std::vector<IntProduct> DotProducts() {
  std::vector<IntProduct> found;
  [[maybe_unused]] const auto targets = hwy::SupportedTargets();
#if HWY_ARCH_X86 && (HWY_TARGETS & HWY_AVX3)
  if ((targets & HWY_AVX3) != 0 && HasInstructions(Instructions::kAvx512Vnni)) {
    found.push_back({"AVX-512 VNNI bytes", 4, false, N_AVX3::vnni::Product<N_AVX3::vnni::Bytes>});
    found.push_back({"AVX-512 VNNI pairs", 2, false, N_AVX3::vnni::Product<N_AVX3::vnni::Pairs>});
  }
#endif
#if HWY_ARCH_X86 && (HWY_TARGETS & HWY_AVX2)
  if ((targets & HWY_AVX2) != 0 && HasInstructions(Instructions::kAvxVnni)) {
    found.push_back({"AVX-VNNI bytes", 4, false, N_AVX2::avx_vnni::Product<N_AVX2::avx_vnni::Bytes>});
    found.push_back({"AVX-VNNI pairs", 2, false, N_AVX2::avx_vnni::Product<N_AVX2::avx_vnni::Pairs>});
  }
#endif
#if HWY_ARCH_ARM_A64
  if ((targets & HWY_NEON) != 0 && HasInstructions(Instructions::kArmDot)) {
    found.push_back({"Arm dot product", 4, true, N_NEON::arm_dot::Product<N_NEON::arm_dot::Bytes>});
  }
#endif
  return found;
}

const IntProduct* Find(const std::vector<IntProduct>& among, int64_t values) {
  for (const IntProduct& product : among) {
    if (product.values == values) return &product;
  }
  return nullptr;
}

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
void FlipSigns(const uint8_t* from, int64_t count, uint8_t* to) { HWY_DYNAMIC_DISPATCH(Flip)(from, count, to); }

std::vector<IntProduct> AllIntProducts() {
  std::vector<IntProduct> all = DotProducts();
  all.push_back({"pairs", 2, false, RunPairs});
  return all;
}
const IntProduct& PairProduct() {
  static const std::vector<IntProduct> all = AllIntProducts();
  return *Find(all, 2);
}
const IntProduct* BytesProduct() {
  static const std::vector<IntProduct> all = AllIntProducts();
  return Find(all, 4);
}

int64_t PaddedChannels(int64_t out_channels) { return (out_channels + 7) / 8 * 8; }

size_t IntPackedBytes(int64_t out_channels, int64_t groups) {
  return static_cast<size_t>(PaddedChannels(out_channels) * groups * 4);
}

void PackInt(int64_t values, int64_t out_channels, int64_t groups, const int16_t* weights, std::byte* packed) {
  const int64_t padded = PaddedChannels(out_channels);
  for (int64_t first = 0; first < padded; first += 16) {
    const int64_t width = std::min<int64_t>(16, padded - first);
    for (int64_t k = 0; k < groups; ++k) {
      for (int64_t c = first; c < first + width; ++c, packed += 4) {
        int16_t group[4] = {};
        if (c < out_channels) std::copy_n(weights + (c * groups + k) * values, values, group);
        if (values == 2) {
          std::memcpy(packed, group, 4);
        } else {
          for (int i = 0; i < 4; ++i) packed[i] = static_cast<std::byte>(group[i]);
        }
      }
    }
  }
}

}  // namespace safelight::kernels
#endif  // HWY_ONCE
