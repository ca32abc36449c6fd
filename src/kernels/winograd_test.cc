// SPDX-License-Identifier: Apache-2.0
//
// Winograd convolution on every SIMD target of this machine, against sums in double and against itself cut otherwise.
#include "kernels/winograd.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include "kernels/every_target_for_tests.h"

namespace safelight::kernels {
namespace {

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr float kMost = std::numeric_limits<float>::max();
constexpr float kUntouched = -77.0f;

std::vector<float> Random(int64_t count, unsigned seed, float scale = 1.0f) {
  std::mt19937 random(seed);
  std::uniform_real_distribution<float> value(-scale, scale);
  std::vector<float> x(static_cast<size_t>(count));
  for (float& v : x) v = value(random);
  return x;
}

struct Case {
  WinogradSize size;
  int64_t height, width;  // of the input
  int64_t pad = 1;
  float low = -kMost, high = kMost;
  bool slopes = false, residual = false;
  WinogradResidual use = WinogradResidual::kBeforeActivation;

  int64_t out_height() const { return height + 2 * pad - size.taps + 1; }
  int64_t out_width() const { return width + 2 * pad - size.taps + 1; }
  friend std::ostream& operator<<(std::ostream& os, const Case& c) {
    return os << c.size.in_channels << "->" << c.size.out_channels << " taps " << c.size.taps << " of " << c.height
              << "x" << c.width << " pad " << c.pad;
  }
};

struct Data {
  std::vector<float> in, weights, bias, slopes, residual;
  explicit Data(const Case& c)
      : in(Random(c.height * c.width * c.size.in_channels, 1)),
        weights(Random(c.size.taps * c.size.taps * c.size.in_channels * c.size.out_channels, 2)),
        bias(Random(c.size.out_channels, 3)),
        slopes(Random(c.size.out_channels, 4)),
        residual(Random(c.out_height() * c.out_width() * c.size.out_channels, 5)) {}
};

// Columns [begin, end) of the output; the rest stays kUntouched. Rows and columns that the kernel must not read are not
// there: a row is a vector of its own, its columns out of reach are not a number.
std::vector<float> Convolve(const Case& c, const Data& data, int64_t begin, int64_t end) {
  const int64_t ci = c.size.in_channels, co = c.size.out_channels, row_floats = c.out_width() * co;
  const int64_t tile = c.size.tile();
  std::vector<float> packed(WinogradPackedBytes(c.size) / sizeof(float));
  std::vector<float> scratch(WinogradScratchBytes(c.size) / sizeof(float));
  PackWinograd(c.size, data.weights.data(), data.bias.data(), packed.data());
  std::vector<std::vector<float>> in, out, residual;
  for (int64_t y = 0; y < c.height; ++y) {
    in.emplace_back(data.in.begin() + y * c.width * ci, data.in.begin() + (y + 1) * c.width * ci);
    for (int64_t x = 0; x < c.width; ++x) {
      const bool read =
          x >= begin / tile * tile - c.pad && x < (end + tile - 1) / tile * tile - c.pad + c.size.taps - 1;
      if (!read) std::fill_n(in.back().begin() + x * ci, ci, kNan);
    }
  }
  for (int64_t y = 0; y < c.out_height(); ++y) {
    out.emplace_back(row_floats, kUntouched);
    residual.emplace_back(data.residual.begin() + y * row_floats, data.residual.begin() + (y + 1) * row_floats);
  }
  for (int64_t y = 0; y < c.out_height(); y += tile) {
    WinogradStrip s{.in_step = ci, .width = c.width, .pad = c.pad, .out_step = co, .x_begin = begin, .x_end = end};
    s.low = c.low, s.high = c.high, s.residual_step = co, s.residual_use = c.use;
    s.scratch = scratch.data();
    if (c.slopes) s.slopes = data.slopes.data();
    for (int64_t i = 0; i < 6; ++i) {
      const int64_t row = y - c.pad + i;
      if (row >= 0 && row < c.height) s.in[i] = in[row].data();
    }
    for (int64_t i = 0; i < tile && y + i < c.out_height(); ++i) {
      s.out[i] = out[y + i].data();
      if (c.residual) s.residual[i] = residual[y + i].data();
    }
    RunWinograd(c.size, packed.data(), s);
  }
  std::vector<float> all;
  for (const auto& row : out) all.insert(all.end(), row.begin(), row.end());
  return all;
}

// Every output as its definition says, and what its error is measured by: over the input channels, the largest input of
// the tile times the sum of weights.
void ExpectDefinition(const Case& c, const Data& data, const std::vector<float>& result) {
  const int64_t ci = c.size.in_channels, co = c.size.out_channels, tile = c.size.tile(), taps = c.size.taps;
  const auto input = [&](int64_t y, int64_t x, int64_t i) {
    const bool inside = y >= 0 && y < c.height && x >= 0 && x < c.width;
    return inside ? static_cast<double>(data.in[(y * c.width + x) * ci + i]) : 0.0;
  };
  for (int64_t y = 0; y < c.out_height(); ++y) {
    for (int64_t x = 0; x < c.out_width(); ++x) {
      std::vector<double> largest(ci);
      for (int64_t k = 0; k < 36 * ci; ++k) {
        const int64_t i = k / 36;
        const double value = input(y / tile * tile - c.pad + k % 36 / 6, x / tile * tile - c.pad + k % 6, i);
        largest[i] = std::max(largest[i], std::abs(value));
      }
      for (int64_t o = 0; o < co; ++o) {
        const int64_t at = (y * c.out_width() + x) * co + o;
        double sum = data.bias[o], measure = std::abs(data.bias[o]);
        for (int64_t k = 0; k < taps * taps * ci; ++k) {
          const double weight = data.weights[o * taps * taps * ci + k];
          sum += weight * input(y - c.pad + k / (taps * ci), x - c.pad + k / ci % taps, k % ci);
          measure += std::abs(weight) * largest[k % ci];
        }
        if (c.residual && c.use == WinogradResidual::kBeforeActivation) sum += data.residual[at];
        if (c.slopes && sum < 0) sum *= data.slopes[o];
        sum = std::clamp<double>(sum, c.low, c.high);
        if (c.residual && c.use == WinogradResidual::kAfterActivation) sum += data.residual[at];
        ASSERT_NEAR(result[at], sum, measure * 1e-6) << c << " at " << y << ", " << x << ", channel " << o;
      }
    }
  }
}

const WinogradSize kSizes[] = {{1, 1},   {2, 5},    {3, 8},    {4, 4},      {7, 9},      {8, 3},      {12, 20},
                               {16, 16}, {24, 24},  {28, 27},  {33, 17},    {40, 48},    {32, 64},    {64, 32},
                               {19, 90}, {1, 1, 5}, {7, 9, 5}, {16, 16, 5}, {28, 27, 5}, {64, 32, 5}, {20, 48, 5}};

TEST(WinogradTest, EqualsTheDefinition) {
  OnEveryTarget([] {
    for (const WinogradSize& size : kSizes) {
      for (const int64_t pad : {0, 1, 2}) {
        const Case c{size, 9, 22, pad};
        const Data data(c);
        ExpectDefinition(c, data, Convolve(c, data, 0, c.out_width()));
      }
    }
  });
}

TEST(WinogradTest, SmallAndOddPicturesEqualTheDefinition) {
  OnEveryTarget([] {
    for (int64_t width = 1; width <= 14; ++width) {
      for (const int64_t height : {1, 2, 3, 4, 6}) {
        for (const Case& c : {Case{{17, 9}, height, width, 0}, Case{{17, 9}, height, width, 1},
                              Case{{17, 9, 5}, height, width, 0}, Case{{17, 9, 5}, height, width, 2}}) {
          if (c.out_height() < 1 || c.out_width() < 1) continue;
          const Data data(c);
          ExpectDefinition(c, data, Convolve(c, data, 0, c.out_width()));
        }
      }
    }
  });
}

TEST(WinogradTest, ActivationsAndResidualsEqualTheDefinition) {
  OnEveryTarget([] {
    for (const WinogradSize& size : {WinogradSize{5, 3}, {9, 28}, {16, 16}, {16, 16, 5}, {9, 28, 5}}) {
      for (int bits = 0; bits < 16; ++bits) {
        Case c{size, 7, 11};
        if (bits & 1) c.low = -0.3f, c.high = 0.9f;
        c.slopes = bits & 2;
        c.residual = bits & 4;
        c.use = bits & 8 ? WinogradResidual::kAfterActivation : WinogradResidual::kBeforeActivation;
        const Data data(c);
        ExpectDefinition(c, data, Convolve(c, data, 0, c.out_width()));
      }
    }
  });
}

// Also: nothing outside the columns asked for is read or written.
TEST(WinogradTest, AnyCutOfTheColumnsGivesTheSameBits) {
  OnEveryTarget([] {
    std::mt19937 random(6);
    for (const WinogradSize& size : {WinogradSize{3, 5}, {8, 8}, {28, 27}, {32, 32}, {64, 48}, {28, 27, 5}}) {
      for (const int64_t pad : {0, 1}) {
        const Case c{size, 6, 331, pad};
        const Data data(c);
        const std::vector<float> whole = Convolve(c, data, 0, c.out_width());
        for (int i = 0; i < 5; ++i) {
          const int64_t begin = static_cast<int64_t>(random() % static_cast<uint64_t>(c.out_width()));
          const int64_t end = begin + 1 + static_cast<int64_t>(random() % static_cast<uint64_t>(c.out_width() - begin));
          const std::vector<float> part = Convolve(c, data, begin, end);
          for (size_t at = 0; at < part.size(); ++at) {
            const int64_t x = static_cast<int64_t>(at) / size.out_channels % c.out_width();
            const float expected = x >= begin && x < end ? whole[at] : kUntouched;
            ASSERT_EQ(part[at], expected) << c << " columns " << begin << " to " << end << " at " << x << " seed 6";
          }
        }
      }
    }
  });
}

TEST(WinogradTest, RowsAndPixelsApartGiveTheSameBits) {
  OnEveryTarget([] {
    for (const WinogradSize& size : {WinogradSize{3, 2}, {20, 12}, {32, 32}}) {
      const Case c{size, 6, 40, 0};
      const Data data(c);
      const std::vector<float> dense = Convolve(c, data, 0, c.out_width());
      const int64_t in_step = size.in_channels + 3, out_step = size.out_channels + 5;
      std::vector<float> in(6 * 40 * in_step, kNan), out(38 * out_step, kUntouched);
      for (int64_t i = 0; i < 6 * 40; ++i) {
        std::copy_n(data.in.begin() + i * size.in_channels, size.in_channels, in.begin() + i * in_step);
      }
      std::vector<float> packed(WinogradPackedBytes(size) / sizeof(float));
      std::vector<float> scratch(WinogradScratchBytes(size) / sizeof(float));
      PackWinograd(size, data.weights.data(), data.bias.data(), packed.data());
      WinogradStrip s{.in_step = in_step, .width = 40, .pad = 0, .out_step = out_step, .x_begin = 0, .x_end = 38};
      s.low = -kMost, s.high = kMost, s.scratch = scratch.data();
      for (int i = 0; i < 6; ++i) s.in[i] = in.data() + i * 40 * in_step;
      s.out[2] = out.data();  // the only row wanted
      RunWinograd(size, packed.data(), s);
      for (int64_t at = 0; at < 38 * out_step; ++at) {
        const int64_t x = at / out_step, o = at % out_step;
        const float expected = o < size.out_channels ? dense[(2 * 38 + x) * size.out_channels + o] : kUntouched;
        ASSERT_EQ(out[at], expected) << c << " at " << x << ", " << o;
      }
    }
  });
}

}  // namespace
}  // namespace safelight::kernels
