// SPDX-License-Identifier: Apache-2.0
#include "kernels/requantize.h"

#include <gtest/gtest.h>
#include <hwy/highway.h>

#include <limits>
#include <random>
#include <vector>

#include "kernels/every_target_for_tests.h"

namespace safelight::kernels {
namespace {

using Rule = Requantize::Rule;

// The definitions. Both steps rounded, the second with ties away from zero; or one rounding, ties up.
int32_t Scaled(Rule rule, int32_t x, int32_t factor, int32_t left, int32_t right) {
  const int64_t unit = int64_t{1} << right, half = unit / 2;
  if (rule == Rule::kWide) return static_cast<int32_t>((int64_t{x} * factor + half) >> right);
  const int64_t shifted = static_cast<int32_t>(static_cast<uint32_t>(x) << left);
  const int64_t high = (shifted * factor + (int64_t{1} << 30)) >> 31;
  return static_cast<int32_t>(high >= 0 ? (high + half) / unit : -((-high + half) / unit));
}

struct Parameters {
  std::vector<int32_t> bias, factor, left, right, sums;
  explicit Parameters(size_t padded) : bias(padded), factor(padded), left(padded), right(padded) {}
};

// Sums that reach far, or a tie of the second rounding, or nearly.
Parameters MakeParameters(Rule rule, int64_t channels, int64_t pixels, std::mt19937& random) {
  Parameters p(static_cast<size_t>(channels) + 16);
  for (size_t c = 0; c < p.bias.size(); ++c) {
    p.bias[c] = static_cast<int32_t>(random() % 2048 - 1024);
    p.factor[c] = static_cast<int32_t>((1u << 30) + random() % (1u << 30));
    if (rule == Rule::kWide) p.factor[c] >>= 16;
    if (rule == Rule::kAny && random() % 3 == 0) p.left[c] = static_cast<int32_t>(random() % 4);
    const uint32_t most = rule == Rule::kAny ? 31 : rule == Rule::kSmall ? Requantize::kMostRight : 32;
    if (p.left[c] == 0) p.right[c] = static_cast<int32_t>(random() % most + (rule == Rule::kAny ? 0 : 1));
  }
  const auto padded = static_cast<uint32_t>(channels + 5);
  for (uint32_t i = 0; i < padded * static_cast<uint32_t>(pixels); ++i) {
    int32_t sum = static_cast<int32_t>(random() % 4096) - 2048;
    if (random() % 3 == 0) sum = static_cast<int32_t>(random()) / (rule == Rule::kAny ? 1 : 4);
    p.sums.push_back(sum);
  }
  p.sums.resize(p.sums.size() + static_cast<size_t>(kRequantizeReads));
  return p;
}

template <typename T>
void ExpectScaled(Rule rule, int64_t channels, bool positive, std::mt19937& random) {
  constexpr int64_t kPixels = 3;
  const Parameters p = MakeParameters(rule, channels, kPixels, random);
  const int32_t zero_point = rule == Rule::kWide ? 0 : 3;
  const Requantize by{.rule = rule,
                      .bias = p.bias.data(),
                      .factor = p.factor.data(),
                      .left = p.left.data(),
                      .right = p.right.data(),
                      .zero_point = zero_point,
                      .low = positive ? zero_point : std::numeric_limits<T>::min() + 1,
                      .high = std::numeric_limits<T>::max() - 1};
  const int64_t step = channels + 2, sum_step = channels + 5;
  std::vector<T> out(static_cast<size_t>(step * kPixels), T{77});
  RunRequantize(
      by, {.sums = p.sums.data(), .sum_step = sum_step, .channels = channels, .pixels = kPixels, .out_step = step},
      out.data());
  for (int64_t i = 0; i < step * kPixels; ++i) {
    const size_t c = static_cast<size_t>(i % step);
    if (i % step >= channels) {
      ASSERT_EQ(out[static_cast<size_t>(i)], T{77}) << "written beyond the channels";
      continue;
    }
    const uint32_t sum = static_cast<uint32_t>(p.sums[static_cast<size_t>(i / step * sum_step) + c]);
    const int32_t biased = static_cast<int32_t>(sum + static_cast<uint32_t>(p.bias[c]));
    const int64_t result = int64_t{Scaled(rule, biased, p.factor[c], p.left[c], p.right[c])} + zero_point;
    ASSERT_EQ(out[static_cast<size_t>(i)], static_cast<T>(std::clamp<int64_t>(result, by.low, by.high)))
        << static_cast<int32_t>(sum) << " by " << p.factor[c] << " right " << p.right[c];
  }
}

TEST(RequantizeTest, EveryRuleRoundsAsItIsDefinedAndStaysWithinTheChannels) {
  OnEveryTarget([] {
    std::mt19937 random(7);
    for (int round = 0; round < 200; ++round) {
      for (const Rule rule : {Rule::kAny, Rule::kSmall, Rule::kWide}) {
        const int64_t channels = static_cast<int64_t>(random() % 40 + 1);
        ExpectScaled<int8_t>(rule, channels, false, random);
        ExpectScaled<int8_t>(rule, channels, true, random);
        ExpectScaled<uint8_t>(rule, channels, false, random);
        ExpectScaled<int16_t>(rule, channels, round % 2 == 0, random);
        if (testing::Test::HasFatalFailure()) return;
      }
    }
  });
}

// Negative ties go away from zero: their rule differs from that of positive ones.
TEST(RequantizeTest, TiesGoAwayFromZero) {
  OnEveryTarget([] {
    constexpr int64_t kCount = 16;
    std::vector<int32_t> zeros(kCount, 0), factor(kCount, 1 << 30), right(kCount, 2), sums;
    for (int32_t i = 0; i < kCount; ++i) sums.push_back(4 * (i - 8));  // half of it, divided by 4: ties at odd i
    const Requantize by{.rule = Rule::kSmall,
                        .bias = zeros.data(),
                        .factor = factor.data(),
                        .left = zeros.data(),
                        .right = right.data(),
                        .low = -128,
                        .high = 127};
    std::vector<int8_t> out(kCount);
    RunRequantize(by, {.sums = sums.data(), .channels = kCount, .pixels = 1}, out.data());
    const std::vector<int8_t> expected = {-4, -4, -3, -3, -2, -2, -1, -1, 0, 1, 1, 2, 2, 3, 3, 4};
    EXPECT_EQ(out, expected);
  });
}

}  // namespace
}  // namespace safelight::kernels
