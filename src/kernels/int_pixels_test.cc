// SPDX-License-Identifier: Apache-2.0
#include "kernels/int_pixels.h"

#include <gtest/gtest.h>
#include <hwy/highway.h>

#include <algorithm>
#include <limits>
#include <random>
#include <vector>

#include "kernels/every_target_for_tests.h"

namespace safelight::kernels {
namespace {

template <typename T>
std::vector<T> AnyValues(size_t count, std::mt19937& random) {
  std::vector<T> values(count);
  const bool ends = random() % 3 == 0;
  for (T& value : values) value = ends ? std::numeric_limits<T>::min() : static_cast<T>(random());
  return values;
}

template <typename T>
void ExpectPool(PoolKind kind, int64_t channels, int64_t num_rows, int64_t taps, std::mt19937& random) {
  const std::vector<T> values = AnyValues<T>(static_cast<size_t>(num_rows * taps * channels), random);
  std::vector<const T*> rows;
  for (int64_t r = 0; r < num_rows; ++r) rows.push_back(values.data() + r * taps * channels);
  std::vector<T> out(static_cast<size_t>(channels) + 1, T{9});
  const int32_t low = std::numeric_limits<T>::min() + 1, high = std::numeric_limits<T>::max() - 1;
  RunIntPool(kind, {rows.data(), num_rows, taps, channels, channels, low, high}, out.data());
  for (int64_t c = 0; c < channels; ++c) {
    int64_t sum = 0, most = std::numeric_limits<T>::min();
    for (int64_t i = c; i < num_rows * taps * channels; i += channels) {
      sum += values[static_cast<size_t>(i)];
      most = std::max<int64_t>(most, values[static_cast<size_t>(i)]);
    }
    const int64_t count = num_rows * taps, half = sum > 0 ? count / 2 : -(count / 2);
    const int64_t result = kind == PoolKind::kMax ? most : (sum + half) / count;
    ASSERT_EQ(out[static_cast<size_t>(c)], std::clamp<int64_t>(result, low, high)) << sum << " of " << count;
  }
  ASSERT_EQ(out[static_cast<size_t>(channels)], T{9});
}

TEST(IntPixelsTest, PoolsAreThoseOfPlainLoops) {
  OnEveryTarget([] {
    std::mt19937 random(12);
    for (const PoolKind kind : {PoolKind::kAverage, PoolKind::kMax}) {
      for (const int64_t channels : {1, 3, 16, 35}) {
        for (const int64_t taps : {1, 2, 3, 25}) {
          for (const int64_t rows : {1, 3, 20}) {
            ExpectPool<int8_t>(kind, channels, rows, taps, random);
            ExpectPool<uint8_t>(kind, channels, rows, taps, random);
            ExpectPool<int16_t>(kind, channels, rows, taps, random);
          }
        }
      }
    }
  });
}

template <typename T>
void ExpectBlend(std::mt19937& random) {
  constexpr bool kFixed = std::numeric_limits<T>::is_signed;
  const int64_t channels = static_cast<int64_t>(random() % 40 + 1);
  std::vector<std::vector<T>> corners;
  for (int i = 0; i < 4; ++i) corners.push_back(AnyValues<T>(static_cast<size_t>(channels), random));
  BlendPixels pixels{.y = 0, .x = 0, .channels = channels};
  for (int i = 0; i < 4; ++i) pixels.corners[i] = corners[static_cast<size_t>(i)].data();
  const int y = static_cast<int>(random() % 1025), x = static_cast<int>(random() % 1025);
  pixels.y = kFixed ? static_cast<float>(y) : static_cast<float>(y) / 1024;
  pixels.x = kFixed ? static_cast<float>(x) : static_cast<float>(x) / 1024;
  std::vector<T> out(static_cast<size_t>(channels) + 1, T{9});
  RunBlend(pixels, out.data());
  for (size_t c = 0; c < static_cast<size_t>(channels); ++c) {
    const int64_t sum = int64_t{corners[0][c]} * (1024 - y) * (1024 - x) + int64_t{corners[1][c]} * y * (1024 - x) +
                        int64_t{corners[2][c]} * (1024 - y) * x + int64_t{corners[3][c]} * y * x;
    // Of uint8 the float32 sums of such weights are exact.
    ASSERT_EQ(out[c], (sum + (sum > 0 ? 1 << 19 : -(1 << 19))) / (1 << 20));
  }
  ASSERT_EQ(out[static_cast<size_t>(channels)], T{9});
}

TEST(IntPixelsTest, BlendsAreThoseOfWholeNumbers) {
  OnEveryTarget([] {
    std::mt19937 random(13);
    for (int round = 0; round < 100; ++round) ExpectBlend<int8_t>(random);
    for (int round = 0; round < 100; ++round) ExpectBlend<uint8_t>(random);
  });
}

}  // namespace
}  // namespace safelight::kernels
