// SPDX-License-Identifier: Apache-2.0
#include "kernels/int_product.h"

#include <gtest/gtest.h>
#include <hwy/highway.h>

#include <limits>
#include <random>
#include <vector>

#include "kernels/every_target_for_tests.h"

namespace safelight::kernels {
namespace {

std::vector<int16_t> RandomWords(std::mt19937& random, size_t count, int low, int high) {
  std::uniform_int_distribution<int> chance(low, high);
  std::vector<int16_t> words(count);
  for (int16_t& word : words) word = static_cast<int16_t>(chance(random));
  return words;
}

TEST(IntProductTest, SumsAreThoseOfPlainLoopsModulo32Bits) {
  OnEveryTarget([] {
    std::mt19937 random(5);
    for (const int64_t out : {1, 7, 8, 9, 16, 17, 24, 40}) {
      for (const int64_t pairs : {1, 3, 40, 300}) {
        for (const int64_t pixels : {1, 3, 6, 13}) {
          // The ends of the types: 300 pairs of them pass 32 bits.
          const auto weights = RandomWords(random, static_cast<size_t>(out * pairs * 2), -255, 255);
          const auto in = RandomWords(random, static_cast<size_t>(pixels * 4 + pairs * 2), INT16_MIN, INT16_MIN + 3);
          std::vector<int16_t> packed(IntPackedBytes(out, pairs) / 2);
          PackInt(out, pairs, weights.data(), packed.data());
          const int64_t first = pairs / 3;
          const IntRun runs[] = {{in.data(), 0, first}, {in.data() + 2 * first, first, pairs - first}};
          std::vector<int32_t> sums(static_cast<size_t>(pixels * PaddedChannels(out)));
          RunIntProduct(out, pairs, packed.data(),
                        {.runs = runs, .num_runs = 2, .in_step = 4, .pixels = pixels, .sums = sums.data()});
          for (int64_t p = 0; p < pixels; ++p) {
            for (int64_t c = 0; c < out; ++c) {
              int64_t sum = 0;
              for (int64_t k = 0; k < 2 * pairs; ++k) sum += int64_t{in[p * 4 + k]} * weights[c * 2 * pairs + k];
              ASSERT_EQ(sums[p * PaddedChannels(out) + c], static_cast<int32_t>(static_cast<uint32_t>(sum)));
            }
          }
        }
      }
    }
  });
}

TEST(IntProductTest, DepthwiseSumsAreThoseOfPlainLoops) {
  OnEveryTarget([] {
    std::mt19937 random(6);
    for (const int64_t channels : {1, 3, 8, 17, 32}) {
      const auto values = RandomWords(random, static_cast<size_t>(9 * channels), INT16_MIN, INT16_MAX);
      const auto words = RandomWords(random, static_cast<size_t>(9 * channels), -255, 255);
      std::vector<int32_t> weights(words.size());
      for (size_t i = 0; i < words.size(); ++i) weights[i] = words[i] & 0xFFFF;
      const int16_t* in[9];
      const int32_t* of[9];
      for (int t = 0; t < 9; ++t) {
        in[t] = values.data() + t * channels;
        of[t] = weights.data() + t * channels;
      }
      std::vector<int32_t> sums(static_cast<size_t>(channels), 7);
      AddIntDepthwise(in, of, 9, channels, sums.data());
      for (int64_t c = 0; c < channels; ++c) {
        int32_t sum = 7;
        for (int t = 0; t < 9; ++t) sum += in[t][c] * words[static_cast<size_t>(t * channels + c)];
        ASSERT_EQ(sums[static_cast<size_t>(c)], sum);
      }
    }
  });
}

// The definition: both steps rounded, the second with ties away from zero.
int32_t Scaled(int32_t x, int32_t factor, int left, int right) {
  const int64_t shifted = static_cast<int32_t>(static_cast<uint32_t>(x) << left);
  const int64_t high = (shifted * factor + (int64_t{1} << 30)) >> 31;
  const int64_t unit = int64_t{1} << right, half = unit / 2;
  return static_cast<int32_t>(high >= 0 ? (high + half) / unit : -((-high + half) / unit));
}

template <typename T>
void ExpectScaled(std::mt19937& random) {
  constexpr int64_t kChannels = 19;
  std::vector<int32_t> bias(24), factor(24), left(24), right(24), sums(24);
  for (size_t c = 0; c < 24; ++c) {
    sums[c] = static_cast<int32_t>(random() % 3 == 0 ? random() : random() % 4096 - 2048);
    bias[c] = static_cast<int32_t>(random() % 2048 - 1024);
    factor[c] = static_cast<int32_t>((1u << 30) + random() % (1u << 30));
    left[c] = random() % 3 == 0 ? static_cast<int32_t>(random() % 4) : 0;
    right[c] = left[c] == 0 ? static_cast<int32_t>(random() % 32) : 0;
  }
  const Requantize by{.bias = bias.data(),
                      .factor = factor.data(),
                      .left = left.data(),
                      .right = right.data(),
                      .zero_point = 3,
                      .low = std::numeric_limits<T>::min() + 1,
                      .high = std::numeric_limits<T>::max() - 1};
  std::vector<T> out(kChannels + 1, T{77});
  RunRequantize(by, sums.data(), kChannels, out.data());
  for (size_t c = 0; c < kChannels; ++c) {
    const int32_t biased = static_cast<int32_t>(static_cast<uint32_t>(sums[c]) + static_cast<uint32_t>(bias[c]));
    const int64_t result = int64_t{Scaled(biased, factor[c], left[c], right[c])} + 3;
    ASSERT_EQ(out[c], static_cast<T>(std::clamp<int64_t>(result, by.low, by.high))) << sums[c] << " " << right[c];
  }
  ASSERT_EQ(out[kChannels], T{77}) << "written beyond the channels";
}

TEST(IntProductTest, ScalingRoundsTwiceAndStaysWithinTheChannels) {
  OnEveryTarget([] {
    std::mt19937 random(7);
    for (int round = 0; round < 300; ++round) {
      ExpectScaled<int8_t>(random);
      ExpectScaled<uint8_t>(random);
      ExpectScaled<int16_t>(random);
    }
  });
}

}  // namespace
}  // namespace safelight::kernels
