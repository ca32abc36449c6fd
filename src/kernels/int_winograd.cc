// SPDX-License-Identifier: Apache-2.0
#include "kernels/int_winograd.h"

#include <algorithm>
#include <type_traits>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/int_winograd.cc"
#include <hwy/foreach_target.h>
// Must come after foreach_target.h.
#include <hwy/highway.h>

#include "kernels/requantize-inl.h"

HWY_BEFORE_NAMESPACE();
namespace safelight::kernels::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

#undef SL_INLINE
#define SL_INLINE HWY_ATTR __attribute__((always_inline))

// Vectors of at most 64 bytes, and of one lane where there are no vectors.
using Values = hn::CappedTag<int16_t, 32>;
using Sums = hn::CappedTag<int32_t, 16>;

// Six values in a row at the points. x(i) loads the i-th, put(i, value) takes the results.
template <class Load, class Put>
HWY_INLINE void ToPoints(const Load& x, const Put& put) {
  const auto x0 = x(0), x1 = x(1), x2 = x(2), x3 = x(3), x4 = x(4), x5 = x(5);
  const auto even = hn::Sub(x4, x2), odd = hn::Sub(x3, x1);
  put(0, hn::Add(hn::ShiftLeft<2>(hn::Sub(x0, x2)), even));
  const auto a = hn::Sub(x4, hn::ShiftLeft<2>(x2)), b = hn::Sub(x3, hn::ShiftLeft<2>(x1));
  put(1, hn::Add(a, b));
  put(2, hn::Sub(a, b));
  const auto twice = hn::Add(odd, odd);
  put(3, hn::Add(even, twice));
  put(4, hn::Sub(even, twice));
  put(5, hn::Sub(hn::Sub(x5, x3), hn::ShiftLeft<2>(odd)));
}

// Outputs 0 and 2 (kOdd false) or 1 and 3 of four, from six values at the points, times 24 >> kHalvings.
template <bool kOdd, class V>
HWY_INLINE void FromPoints(const V* x, V& first, V& second) {
  if constexpr (kOdd) {
    const V small = hn::Sub(x[1], x[2]), large = hn::Sub(x[3], x[4]);
    first = hn::Add(hn::Add(small, small), large);
    second = hn::Add(small, hn::ShiftLeft<1>(hn::Add(large, x[5])));
  } else {
    const V small = hn::Add(x[1], x[2]), large = hn::Add(x[3], x[4]);
    first = hn::Add(hn::ShiftLeft<1>(hn::Add(x[0], hn::Add(small, small))), large);
    second = hn::Add(small, large);
  }
}
constexpr int kHalvings[4] = {0, 1, 2, 2};

template <WinogradBytes bytes>
HWY_INLINE hn::Vec<Values> LoadBytes(const std::byte* row, int64_t i) {
  const Values d;
  if constexpr (bytes == WinogradBytes::kSigned) {
    return hn::PromoteTo(d, hn::LoadU(hn::Rebind<int8_t, Values>(), reinterpret_cast<const int8_t*>(row) + i));
  } else if constexpr (bytes == WinogradBytes::kUnsigned) {
    return hn::PromoteTo(d, hn::LoadU(hn::Rebind<uint8_t, Values>(), reinterpret_cast<const uint8_t*>(row) + i));
  } else {
    const auto words = hn::LoadU(d, reinterpret_cast<const int16_t*>(row) + i);
    return bytes == WinogradBytes::kHigh ? hn::ShiftRight<8>(words) : hn::And(words, hn::Set(d, int16_t{0xFF}));
  }
}

template <WinogradBytes bytes>
void ColumnsOf(const std::byte* const* rows, int64_t count, int16_t* HWY_RESTRICT to, int64_t to_step) {
  const Values d;
  const int64_t lanes = static_cast<int64_t>(hn::Lanes(d));
  const std::byte* row[kIntWinogradPatch];
  std::copy_n(rows, kIntWinogradPatch, row);
  for (int64_t i = 0; i < count; i += lanes) {
    ToPoints([&](int y) SL_INLINE { return LoadBytes<bytes>(row[y], i); },
             [&](int y, auto v) SL_INLINE { hn::StoreU(v, d, to + y * to_step + i); });
  }
}

void Columns(WinogradBytes bytes, const std::byte* const* rows, int64_t count, int16_t* to, int64_t to_step) {
  switch (bytes) {
    case WinogradBytes::kSigned: return ColumnsOf<WinogradBytes::kSigned>(rows, count, to, to_step);
    case WinogradBytes::kUnsigned: return ColumnsOf<WinogradBytes::kUnsigned>(rows, count, to, to_step);
    case WinogradBytes::kHigh: return ColumnsOf<WinogradBytes::kHigh>(rows, count, to, to_step);
    case WinogradBytes::kLow: return ColumnsOf<WinogradBytes::kLow>(rows, count, to, to_step);
  }
}

void Rows(const int16_t* from, int64_t from_step, int64_t channels, int64_t tiles, const WinogradValues& to) {
  const Values d;
  const int64_t lanes = static_cast<int64_t>(hn::Lanes(d)), point_step = to.point_step;
  for (int64_t y = 0; y < kIntWinogradPatch; ++y) {
    for (int64_t t = 0; t < tiles; ++t) {
      const int16_t* HWY_RESTRICT tile = from + y * from_step + t * kIntWinogradTile * channels;
      int16_t* HWY_RESTRICT out = to.values + y * kIntWinogradPatch * point_step + t * to.tile_step;
      for (int64_t c = 0; c < channels; c += lanes) {
        ToPoints([&](int x) SL_INLINE { return hn::LoadU(d, tile + x * channels + c); },
                 [&](int x, auto v) SL_INLINE { hn::StoreU(v, d, out + x * point_step + c); });
      }
    }
  }
}

// What is left of the factors of the sums of output (row, column): 9 * 2^n.
template <int row, int column>
HWY_INLINE hn::Vec<Sums> WithoutFactors(hn::Vec<Sums> sum) {
  const auto ninth = hn::Set(Sums(), static_cast<int32_t>(954437177));  // 9 * this is 1 modulo 2^32
  return hn::ShiftRight<6 - kHalvings[row] - kHalvings[column]>(hn::Mul(sum, ninth));
}

// Rows 0 and 2 (kOdd false) or 1 and 3 of the sums of one tile: put(row, four sums).
template <bool kOdd, class Put>
HWY_INLINE void HalfTile(const int32_t* HWY_RESTRICT from, int64_t point_step, const Put& put) {
  using V = hn::Vec<Sums>;
  const Sums d;
  V a[6], b[6];
#pragma GCC unroll 6
  for (int x = 0; x < 6; ++x) {
    V column[6];
#pragma GCC unroll 6
    for (int y = 0; y < 6; ++y) column[y] = hn::LoadU(d, from + (y * 6 + x) * point_step);
    FromPoints<kOdd>(column, a[x], b[x]);
  }
  constexpr int kFirst = kOdd ? 1 : 0, kSecond = kOdd ? 3 : 2;
  const auto across = [&](const V* row, auto number) SL_INLINE {
    constexpr int kRow = decltype(number)::value;
    V x0, x1, x2, x3;
    FromPoints<false>(row, x0, x2);
    FromPoints<true>(row, x1, x3);
    put(kRow, WithoutFactors<kRow, 0>(x0), WithoutFactors<kRow, 1>(x1), WithoutFactors<kRow, 2>(x2),
        WithoutFactors<kRow, 3>(x3));
  };
  across(a, std::integral_constant<int, kFirst>());
  across(b, std::integral_constant<int, kSecond>());
}

template <class Put>
HWY_INLINE void TileSums(const int32_t* from, int64_t point_step, const Put& put) {
  HalfTile<false>(from, point_step, put);
  HalfTile<true>(from, point_step, put);
}

// Tiles of one vector of channels: the sums that both kinds of results begin with. `lower` has room for a tile.
template <bool wide, class Put>
HWY_INLINE void TileSums(const WinogradProducts& of, int64_t offset, int32_t* HWY_RESTRICT lower, const Put& put) {
  const Sums d;
  constexpr int64_t kLanes = hn::MaxLanes(Sums());
  if constexpr (wide) {
    using V = hn::Vec<Sums>;
    TileSums(of.products + offset, of.point_step, [&](int row, V x0, V x1, V x2, V x3) SL_INLINE {
      int32_t* const to = lower + row * 4 * kLanes;
      hn::Store(x0, d, to), hn::Store(x1, d, to + kLanes);
      hn::Store(x2, d, to + 2 * kLanes), hn::Store(x3, d, to + 3 * kLanes);
    });
    TileSums(of.high_products + offset, of.point_step, [&](int row, V x0, V x1, V x2, V x3) SL_INLINE {
      const auto whole = [&](V x, int column) SL_INLINE {
        return hn::Add(hn::ShiftLeft<8>(x), hn::Load(d, lower + (row * 4 + column) * kLanes));
      };
      put(row, whole(x0, 0), whole(x1, 1), whole(x2, 2), whole(x3, 3));
    });
  } else {
    TileSums(of.products + offset, of.point_step, put);
  }
}

// Four results of a vector of channels, `step` elements apart.
template <typename T>
HWY_INLINE void StoreFour(hn::Vec<Sums> x0, hn::Vec<Sums> x1, hn::Vec<Sums> x2, hn::Vec<Sums> x3, T* to, int64_t step) {
#if HWY_TARGET <= HWY_AVX2
  // Packed together: first within parts of 128 bits, each of which has four channels of all four.
  if constexpr (sizeof(T) == 1) {
    const Sums d;
#if HWY_TARGET <= HWY_AVX3
    const __m512i low = _mm512_packs_epi32(x0.raw, x1.raw), high = _mm512_packs_epi32(x2.raw, x3.raw);
    const __m512i bytes = std::is_signed_v<T> ? _mm512_packs_epi16(low, high) : _mm512_packus_epi16(low, high);
    alignas(64) static constexpr int32_t kOrder[] = {0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15};
    const __m512i all = _mm512_permutexvar_epi32(hn::Load(d, kOrder).raw, bytes);
    _mm_storeu_si128(reinterpret_cast<__m128i*>(to), _mm512_castsi512_si128(all));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(to + step), _mm512_extracti32x4_epi32(all, 1));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(to + 2 * step), _mm512_extracti32x4_epi32(all, 2));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(to + 3 * step), _mm512_extracti32x4_epi32(all, 3));
#else
    const __m256i low = _mm256_packs_epi32(x0.raw, x1.raw), high = _mm256_packs_epi32(x2.raw, x3.raw);
    const __m256i bytes = std::is_signed_v<T> ? _mm256_packs_epi16(low, high) : _mm256_packus_epi16(low, high);
    alignas(32) static constexpr int32_t kOrder[] = {0, 4, 1, 5, 2, 6, 3, 7};
    const __m256i all = _mm256_permutevar8x32_epi32(bytes, hn::Load(d, kOrder).raw);
    const __m128i first = _mm256_castsi256_si128(all), second = _mm256_extracti128_si256(all, 1);
    _mm_storel_epi64(reinterpret_cast<__m128i*>(to), first);
    _mm_storel_epi64(reinterpret_cast<__m128i*>(to + step), _mm_unpackhi_epi64(first, first));
    _mm_storel_epi64(reinterpret_cast<__m128i*>(to + 2 * step), second);
    _mm_storel_epi64(reinterpret_cast<__m128i*>(to + 3 * step), _mm_unpackhi_epi64(second, second));
#endif
    return;
  }
#endif
  const hn::Rebind<T, Sums> d;
  hn::StoreU(hn::DemoteTo(d, x0), d, to);
  hn::StoreU(hn::DemoteTo(d, x1), d, to + step);
  hn::StoreU(hn::DemoteTo(d, x2), d, to + 2 * step);
  hn::StoreU(hn::DemoteTo(d, x3), d, to + 3 * step);
}

// The first `end` tiles, all of which are wanted, and a whole vector of channels from `c` on.
template <Requantize::Rule rule, Results results, bool wide, typename T>
HWY_NOINLINE void WholeTiles(const Requantize& by, const WinogradProducts& of, int64_t c, int64_t end) {
  using V = hn::Vec<Sums>;
  Scaler<Sums, rule, results> scaler;
  scaler.Load(by, c);
  const Scaler<Sums, rule, results> scale = scaler;
  const int64_t step = of.out_step;
  T* out[4];
#pragma GCC unroll 4
  for (int y = 0; y < 4; ++y) out[y] = static_cast<T*>(of.out[y]) + c;
  HWY_ALIGN int32_t lower[16 * hn::MaxLanes(Sums())];
  for (int64_t t = 0; t < end; ++t) {
    TileSums<wide>(of, t * of.tile_step + c, lower, [&](int row, V x0, V x1, V x2, V x3) SL_INLINE {
      StoreFour(scale(x0), scale(x1), scale(x2), scale(x3), out[row], step);
    });
#pragma GCC unroll 4
    for (int y = 0; y < 4; ++y) out[y] += 4 * step;
  }
}

// Tiles from `first` on of which a part is wanted, or `few` channels of a vector.
template <Requantize::Rule rule, Results results, bool wide, typename T>
HWY_NOINLINE void PartTiles(const Requantize& by, const WinogradProducts& of, int64_t c, int64_t few, int64_t first) {
  using V = hn::Vec<Sums>;
  constexpr int64_t kLanes = hn::MaxLanes(Sums());
  Scaler<Sums, rule, results> scale;
  scale.Load(by, c);
  HWY_ALIGN int32_t lower[16 * kLanes];
  T tile[16 * std::max<int64_t>(kLanes, 16)];
  for (int64_t t = first; t * 4 < of.columns; ++t) {
    TileSums<wide>(of, t * of.tile_step + c, lower, [&](int row, V x0, V x1, V x2, V x3) SL_INLINE {
      StoreFour(scale(x0), scale(x1), scale(x2), scale(x3), tile + row * 4 * kLanes, kLanes);
    });
    for (int64_t i = 0; i < 16; ++i) {
      const int64_t row = i / 4, x = 4 * t + i % 4;
      if (of.out[row] == nullptr || x >= of.columns) continue;
      std::copy_n(tile + i * kLanes, few, static_cast<T*>(of.out[row]) + x * of.out_step + c);
    }
  }
}

template <Requantize::Rule rule, Results results, bool wide, typename T>
void Vectors(const Requantize& by, const WinogradProducts& of) {
  constexpr int64_t kLanes = hn::MaxLanes(Sums());
  const bool rows = std::find(of.out, of.out + 4, nullptr) == of.out + 4 && of.channels >= kLanes;
  const int64_t whole = rows ? of.columns / 4 : 0;
  for (int64_t c = 0; c < of.channels; c += kLanes) {
    // The last vector overlaps the one before it.
    const int64_t from = std::max<int64_t>(std::min(c, of.channels - kLanes), 0);
    if (whole > 0) WholeTiles<rule, results, wide, T>(by, of, from, whole);
    PartTiles<rule, results, wide, T>(by, of, from, std::min(kLanes, of.channels), whole);
  }
}

template <typename T>
void Outputs(const Requantize& by, const WinogradProducts& of, T*) {
  using Rule = Requantize::Rule;
  if constexpr (sizeof(T) == 2) {
    if (by.rule == Rule::kWide) return Vectors<Rule::kWide, Results::kAny, true, T>(by, of);
    if (by.rule == Rule::kAny) return Vectors<Rule::kAny, Results::kAny, true, T>(by, of);
    if (by.low < by.zero_point) return Vectors<Rule::kSmall, Results::kAny, true, T>(by, of);
    return Vectors<Rule::kSmall, Results::kPositive, true, T>(by, of);
  } else {
    if (by.rule == Rule::kAny) return Vectors<Rule::kAny, Results::kAny, false, T>(by, of);
    switch (ResultsOf<T>(by)) {
      case Results::kAny: return Vectors<Rule::kSmall, Results::kAny, false, T>(by, of);
      case Results::kPositive: return Vectors<Rule::kSmall, Results::kPositive, false, T>(by, of);
      case Results::kWhole: return Vectors<Rule::kSmall, Results::kWhole, false, T>(by, of);
    }
  }
}

void Outputs8(const Requantize& by, const WinogradProducts& of, int8_t* type) { Outputs(by, of, type); }
void OutputsU8(const Requantize& by, const WinogradProducts& of, uint8_t* type) { Outputs(by, of, type); }
void Outputs16(const Requantize& by, const WinogradProducts& of, int16_t* type) { Outputs(by, of, type); }

}  // namespace safelight::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace safelight::kernels {
namespace {
HWY_EXPORT(Columns);
HWY_EXPORT(Rows);
HWY_EXPORT(Outputs8);
HWY_EXPORT(OutputsU8);
HWY_EXPORT(Outputs16);
}  // namespace

// The usual filters at the points, times 12, -6, -6, 24, 24 and 3: whole numbers, whose rest the outputs make up for by
// 2, 4, 4, 1, 1 and 8.
void IntWinogradFilter(const int16_t taps[9], int16_t points[kIntWinogradPoints]) {
  constexpr int kAt[6][3] = {{3, 0, 0}, {-1, -1, -1}, {-1, 1, -1}, {1, 2, 4}, {1, -2, 4}, {0, 0, 3}};
  for (int point = 0; point < kIntWinogradPoints; ++point) {
    int sum = 0;
    for (int tap = 0; tap < 9; ++tap) sum += kAt[point / 6][tap / 3] * kAt[point % 6][tap % 3] * taps[tap];
    points[point] = static_cast<int16_t>(sum);
  }
}

void IntWinogradColumns(WinogradBytes bytes, const std::byte* const rows[kIntWinogradPatch], int64_t count, int16_t* to,
                        int64_t to_step) {
  HWY_DYNAMIC_DISPATCH(Columns)(bytes, rows, count, to, to_step);
}
int64_t IntWinogradChannels(int64_t channels) { return (channels + 31) / 32 * 32; }
void IntWinogradRows(const int16_t* from, int64_t from_step, int64_t channels, int64_t tiles,
                     const WinogradValues& to) {
  HWY_DYNAMIC_DISPATCH(Rows)(from, from_step, channels, tiles, to);
}
void RunIntWinogradOutputs(const Requantize& by, const WinogradProducts& of, int8_t* type) {
  HWY_DYNAMIC_DISPATCH(Outputs8)(by, of, type);
}
void RunIntWinogradOutputs(const Requantize& by, const WinogradProducts& of, uint8_t* type) {
  HWY_DYNAMIC_DISPATCH(OutputsU8)(by, of, type);
}
void RunIntWinogradOutputs(const Requantize& by, const WinogradProducts& of, int16_t* type) {
  HWY_DYNAMIC_DISPATCH(Outputs16)(by, of, type);
}

}  // namespace safelight::kernels
#endif  // HWY_ONCE
