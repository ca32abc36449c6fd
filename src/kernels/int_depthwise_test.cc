// SPDX-License-Identifier: Apache-2.0
#include "kernels/int_depthwise.h"

#include <gtest/gtest.h>
#include <hwy/highway.h>

#include <random>
#include <vector>

#include "kernels/every_target_for_tests.h"

namespace safelight::kernels {
namespace {

void ExpectPlainSums(int64_t taps, int64_t channels, int64_t pixels, std::mt19937& random) {
  std::vector<int16_t> values(static_cast<size_t>((taps + pixels) * channels + 16));
  for (int16_t& value : values) value = static_cast<int16_t>(random());
  std::vector<int16_t> words(static_cast<size_t>(taps * channels));
  for (int16_t& word : words) word = static_cast<int16_t>(static_cast<int>(random() % 511) - 255);
  std::vector<std::byte> packed(IntDepthwiseBytes(taps, channels));
  PackIntDepthwise(taps, channels, words.data(), packed.data());
  std::vector<const int16_t*> in;
  for (int64_t t = 0; t < taps; ++t) in.push_back(values.data() + t * channels);
  in.push_back(values.data());
  const int64_t padded = PaddedDepthwise(channels);
  std::vector<int32_t> sums(static_cast<size_t>(padded * pixels));
  RunIntDepthwise({.taps = taps,
                   .channels = channels,
                   .weights = packed.data(),
                   .in = in.data(),
                   .in_step = channels,
                   .pixels = pixels,
                   .sums = sums.data()});
  for (int64_t p = 0; p < pixels; ++p) {
    for (int64_t c = 0; c < channels; ++c) {
      int64_t sum = 0;
      for (int64_t t = 0; t < taps; ++t) sum += in[t][p * channels + c] * words[static_cast<size_t>(t * channels + c)];
      ASSERT_EQ(sums[static_cast<size_t>(p * padded + c)], sum) << taps << " taps, channel " << c;
    }
  }
}

TEST(IntDepthwiseTest, SumsAreThoseOfPlainLoops) {
  OnEveryTarget([] {
    std::mt19937 random(6);
    for (const int64_t taps : {1, 2, 9, 25}) {
      for (const int64_t channels : {1, 3, 8, 16, 17, 32, 51}) {
        for (const int64_t pixels : {1, 4, 7}) ExpectPlainSums(taps, channels, pixels, random);
      }
    }
  });
}

}  // namespace
}  // namespace safelight::kernels
