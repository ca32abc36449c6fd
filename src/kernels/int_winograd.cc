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

// Four values of six at the points, times 24, 12, 6 and 6.
template <class V, class Put>
HWY_INLINE void FromPoints(V x0, V x1, V x2, V x3, V x4, V x5, const Put& put) {
  const V small = hn::Add(x1, x2), large = hn::Add(x3, x4), small_odd = hn::Sub(x1, x2), large_odd = hn::Sub(x3, x4);
  put(0, hn::Add(hn::ShiftLeft<1>(hn::Add(x0, hn::Add(small, small))), large));
  put(1, hn::Add(hn::Add(small_odd, small_odd), large_odd));
  put(2, hn::Add(small, large));
  put(3, hn::Add(small_odd, hn::ShiftLeft<1>(hn::Add(large_odd, x5))));
}
// The outputs are 24 >> kHalvings[i] times too large in one direction.
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
    ToPoints([&](int y) HWY_ATTR { return LoadBytes<bytes>(row[y], i); },
             [&](int y, auto v) HWY_ATTR { hn::StoreU(v, d, to + y * to_step + i); });
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
        ToPoints([&](int x) HWY_ATTR { return hn::LoadU(d, tile + x * channels + c); },
                 [&](int x, auto v) HWY_ATTR { hn::StoreU(v, d, out + x * point_step + c); });
      }
    }
  }
}

// Sixteen outputs of one tile and a vector of channels, as sums: put(row, column, sums).
template <class Put>
HWY_INLINE void TileSums(const int32_t* HWY_RESTRICT from, int64_t point_step, const Put& put) {
  const Sums d;
  using V = hn::Vec<Sums>;
  const V ninth = hn::Set(d, static_cast<int32_t>(954437177));  // 9 * this is 1 modulo 2^32
  V rows[4][6];
#pragma GCC unroll 6
  for (int x = 0; x < 6; ++x) {
    const auto at = [&](int y) HWY_ATTR { return hn::LoadU(d, from + (y * 6 + x) * point_step); };
    FromPoints(at(0), at(1), at(2), at(3), at(4), at(5), [&](int y, V v) HWY_ATTR { rows[y][x] = v; });
  }
  const auto finish = [&](int row, auto halvings) HWY_ATTR __attribute__((always_inline)) {
    constexpr int kLeft = 6 - decltype(halvings)::value;
    const V* r = rows[row];
    FromPoints(
        r[0], r[1], r[2], r[3], r[4], r[5], [&](int x, V v) HWY_ATTR __attribute__((always_inline)) {
          v = hn::Mul(v, ninth);
          switch (x) {
            case 0: return put(row, 0, hn::ShiftRight<kLeft>(v));
            case 1: return put(row, 1, hn::ShiftRight<kLeft - 1>(v));
            default: return put(row, x, hn::ShiftRight<kLeft - 2>(v));
          }
        });
  };
  finish(0, std::integral_constant<int, kHalvings[0]>());
  finish(1, std::integral_constant<int, kHalvings[1]>());
  finish(2, std::integral_constant<int, kHalvings[2]>());
  finish(3, std::integral_constant<int, kHalvings[3]>());
}

// The channels from `c` on of all tiles: a whole vector, or `few` of one.
template <Requantize::Rule rule, bool positive, bool wide, typename T>
HWY_NOINLINE void Vector(const Requantize& by, const WinogradProducts& of, int64_t c, int64_t few) {
  const Sums d;
  const hn::Rebind<T, Sums> to;
  constexpr int64_t kLanes = hn::MaxLanes(Sums());
  Scaler<Sums, rule, positive> scaler;
  scaler.Load(by, c);
  T* out[4];
  for (int y = 0; y < 4; ++y) out[y] = of.out[y] == nullptr ? nullptr : static_cast<T*>(of.out[y]) + c;
  const int64_t step = of.out_step;
  const int32_t *low = of.products + c, *high = of.high_products + c;
  HWY_ALIGN int32_t lower[16 * kLanes];
  for (int64_t x = 0; x < of.columns; x += 4, low += of.tile_step) {
    const int64_t wanted = of.columns - x;
    const auto put = [&](int row, int column, hn::Vec<Sums> sum) HWY_ATTR __attribute__((always_inline)) {
      if constexpr (wide) sum = hn::Add(hn::ShiftLeft<8>(sum), hn::Load(d, lower + (row * 4 + column) * kLanes));
      const auto result = hn::DemoteTo(to, scaler(sum));
      if (out[row] == nullptr || column >= wanted) return;
      if (few == kLanes) {
        hn::StoreU(result, to, out[row] + (x + column) * step);
      } else {
        T last[16];
        hn::StoreU(result, to, last);
        std::copy(last, last + few, out[row] + (x + column) * step);
      }
    };
    if constexpr (wide) {
      TileSums(low, of.point_step, [&](int row, int column, hn::Vec<Sums> sum) HWY_ATTR {
        hn::Store(sum, d, lower + (row * 4 + column) * kLanes);
      });
      TileSums(high, of.point_step, put);
      high += of.tile_step;
    } else {
      TileSums(low, of.point_step, put);
    }
  }
}

template <Requantize::Rule rule, bool positive, bool wide, typename T>
void Vectors(const Requantize& by, const WinogradProducts& of) {
  constexpr int64_t kLanes = hn::MaxLanes(Sums());
  int64_t c = 0;
  for (; c + kLanes <= of.channels; c += kLanes) Vector<rule, positive, wide, T>(by, of, c, kLanes);
  if (c == of.channels) return;
  if (of.channels < kLanes) return Vector<rule, positive, wide, T>(by, of, 0, of.channels);
  // The last vector overlaps the one before it.
  Vector<rule, positive, wide, T>(by, of, of.channels - kLanes, kLanes);
}

template <typename T>
void Outputs(const Requantize& by, const WinogradProducts& of, T*) {
  constexpr bool kWords = sizeof(T) == 2;
  using Rule = Requantize::Rule;
  if constexpr (kWords) {
    if (of.high_products != nullptr) {
      if (by.rule == Rule::kWide) return Vectors<Rule::kWide, false, true, T>(by, of);
      return Vectors<Rule::kAny, false, true, T>(by, of);
    }
  }
  if (by.rule == Rule::kAny) return Vectors<Rule::kAny, false, false, T>(by, of);
  if (by.low >= by.zero_point) return Vectors<Rule::kSmall, true, false, T>(by, of);
  return Vectors<Rule::kSmall, false, false, T>(by, of);
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
