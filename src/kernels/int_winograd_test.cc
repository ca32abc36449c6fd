// SPDX-License-Identifier: Apache-2.0
#include "kernels/int_winograd.h"

#include <gtest/gtest.h>
#include <hwy/highway.h>

#include <algorithm>
#include <cstring>
#include <limits>
#include <random>
#include <utility>
#include <vector>

#include "kernels/every_target_for_tests.h"
#include "kernels/int_product.h"

namespace safelight::kernels {
namespace {

constexpr int64_t kTiles = 3, kColumns = kTiles * 4 + 2;

// One row of tiles of one picture, made by the four steps and by plain sums.
struct Picture {
  int64_t in, out;
  std::vector<int16_t> values;   // [6][kColumns][in]
  std::vector<int16_t> weights;  // [out][9][in]

  int64_t Sum(int64_t y, int64_t x, int64_t o) const {
    int64_t sum = 0;
    for (int64_t t = 0; t < 9; ++t) {
      for (int64_t i = 0; i < in; ++i) {
        sum += int64_t{values[static_cast<size_t>(((y + t / 3) * kColumns + x + t % 3) * in + i)]} *
               weights[static_cast<size_t>((o * 9 + t) * in + i)];
      }
    }
    return sum;
  }
};

Picture MakePicture(int64_t in, int64_t out, int low, int high, bool ends, std::mt19937& random) {
  Picture picture{in, out, std::vector<int16_t>(static_cast<size_t>(6 * kColumns * in)),
                  std::vector<int16_t>(static_cast<size_t>(out * 9 * in))};
  const auto fill = [&](std::vector<int16_t>& of, int from, int to) {
    std::uniform_int_distribution<int> chance(from, to);
    for (int16_t& value : of) value = static_cast<int16_t>(!ends ? chance(random) : random() % 2 == 0 ? from : to);
  };
  fill(picture.values, low, high);
  fill(picture.weights, -128, 127);
  return picture;
}

// [point][tile][channel] of sums.
std::vector<int32_t> Products(const Picture& p, WinogradBytes bytes) {
  const size_t element = bytes == WinogradBytes::kSigned || bytes == WinogradBytes::kUnsigned ? 1 : 2;
  const int64_t row = kColumns * p.in + 64, groups = (p.in + 1) / 2, step = IntWinogradChannels(p.in);
  std::vector<std::byte> data(static_cast<size_t>(6 * row) * element);
  const std::byte* rows[6];
  for (int64_t y = 0; y < 6; ++y) {
    rows[y] = data.data() + static_cast<size_t>(y * row) * element;
    for (int64_t i = 0; i < kColumns * p.in; ++i) {
      const int16_t value = p.values[static_cast<size_t>(y * kColumns * p.in + i)];
      std::memcpy(data.data() + static_cast<size_t>(y * row + i) * element, &value, element);
    }
  }
  std::vector<int16_t> columns(static_cast<size_t>(6 * row)), values(static_cast<size_t>(36 * kTiles * step));
  IntWinogradColumns(bytes, rows, kColumns * p.in, columns.data(), row);
  IntWinogradRows(columns.data(), row, p.in, kTiles, {values.data(), step, kTiles * step});
  std::vector<int16_t> points(static_cast<size_t>(36 * p.out * groups * 2));
  for (int64_t o = 0; o < p.out; ++o) {
    for (int64_t i = 0; i < p.in; ++i) {
      int16_t taps[9], at[36];
      for (int64_t t = 0; t < 9; ++t) taps[t] = p.weights[static_cast<size_t>((o * 9 + t) * p.in + i)];
      IntWinogradFilter(taps, at);
      for (int64_t k = 0; k < 36; ++k) points[static_cast<size_t>((k * p.out + o) * groups * 2 + i)] = at[k];
    }
  }
  std::vector<int32_t> sums(static_cast<size_t>(36 * kTiles * PaddedChannels(p.out)));
  std::vector<std::byte> packed(IntPackedBytes(p.out, groups));
  for (int64_t k = 0; k < 36; ++k) {
    PackInt(2, p.out, groups, points.data() + k * p.out * groups * 2, packed.data());
    const IntRun run{values.data() + k * kTiles * step, 0, groups};
    PairProduct().run(p.out, groups, packed.data(),
                      {.runs = &run,
                       .num_runs = 1,
                       .in_step = 2 * step,
                       .pixels = kTiles,
                       .sums = sums.data() + k * kTiles * PaddedChannels(p.out)});
  }
  return sums;
}

// Scaling that keeps the lower bits of sums visible: results of 16 bits are sums / 2^shift.
template <typename T>
void ExpectDirectSums(const Picture& p, WinogradBytes bytes, int64_t columns) {
  const bool wide = bytes == WinogradBytes::kLow;
  const std::vector<int32_t> low = Products(p, bytes);
  const std::vector<int32_t> high = wide ? Products(p, WinogradBytes::kHigh) : low;
  const size_t count = static_cast<size_t>(p.out) + 16;
  // sum * 2^30 / 2^31, rounded, / 2^right.
  const int right = wide ? 15 : 9;
  const std::vector<int32_t> factor(count, 1 << 30), zeros(count, 0), rights(count, right);
  const Requantize by{.rule = wide ? Requantize::Rule::kAny : Requantize::Rule::kSmall,
                      .bias = zeros.data(),
                      .factor = factor.data(),
                      .left = zeros.data(),
                      .right = rights.data(),
                      .low = std::numeric_limits<T>::min(),
                      .high = std::numeric_limits<T>::max()};
  std::vector<T> results(static_cast<size_t>(4 * kTiles * 4 * p.out), T{55});
  WinogradProducts of{.products = low.data(),
                      .high_products = wide ? high.data() : nullptr,
                      .tile_step = PaddedChannels(p.out),
                      .point_step = kTiles * PaddedChannels(p.out),
                      .channels = p.out,
                      .columns = columns,
                      .out_step = p.out};
  for (int64_t y = 0; y < 3; ++y) of.out[y] = results.data() + y * kTiles * 4 * p.out;  // the last is not wanted
  RunIntWinogradOutputs(by, of, static_cast<T*>(nullptr));
  for (int64_t i = 0; i < static_cast<int64_t>(results.size()); ++i) {
    const int64_t o = i % p.out, x = i / p.out % (kTiles * 4), y = i / p.out / (kTiles * 4);
    int64_t expected = 55;
    if (y < 3 && x < columns) {
      const int64_t half = (p.Sum(y, x, o) + 1) >> 1, unit = int64_t{1} << right;
      const int64_t scaled = half >= 0 ? (half + unit / 2) / unit : -((-half + unit / 2) / unit);
      expected = std::clamp<int64_t>(scaled, by.low, by.high);
    }
    ASSERT_EQ(results[static_cast<size_t>(i)], expected) << "row " << y << " column " << x << " channel " << o;
  }
}

TEST(IntWinogradTest, ResultsAreThoseOfDirectSumsAlsoAtTheEndsOfTheTypes) {
  OnEveryTarget([] {
    std::mt19937 random(8);
    for (const auto& [in, out] : {std::pair<int64_t, int64_t>{1, 1}, {3, 8}, {12, 27}, {28, 20}, {33, 40}}) {
      for (const bool ends : {false, true}) {
        const int64_t columns = static_cast<int64_t>(random() % 8 + 5);
        ExpectDirectSums<int8_t>(MakePicture(in, out, -128, 127, ends, random), WinogradBytes::kSigned, columns);
        ExpectDirectSums<uint8_t>(MakePicture(in, out, 0, 255, ends, random), WinogradBytes::kUnsigned, columns);
        ExpectDirectSums<int16_t>(MakePicture(in, out, -32768, 32767, ends, random), WinogradBytes::kLow, columns);
        if (testing::Test::HasFatalFailure()) return;
      }
    }
  });
}

}  // namespace
}  // namespace safelight::kernels
