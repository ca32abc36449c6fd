// SPDX-License-Identifier: Apache-2.0
#include "quantize/value_stats.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>

namespace safelight {
namespace {

std::vector<float> Normal(size_t count, uint32_t seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal(0.3f, 1);
  std::vector<float> values(count);
  for (float& value : values) value = normal(random);
  return values;
}

// The values in `parts` shards of one picture.
void Show(const std::vector<float>& values, size_t parts, ValueStats* stats) {
  std::vector<std::unique_ptr<StatsShard>> shards;
  for (size_t p = 0; p < parts; ++p) shards.push_back(stats->Take());
  for (size_t p = 0; p < parts; ++p) {
    const size_t begin = p * values.size() / parts, end = (p + 1) * values.size() / parts;
    shards[p]->AddRange(values.data() + begin, static_cast<int64_t>(end - begin));
    shards[p]->AddCounts(values.data() + begin, static_cast<int64_t>(end - begin));
  }
  for (auto& shard : shards) stats->GiveBack(std::move(shard));
  EXPECT_TRUE(stats->EndPicture());
}

std::vector<std::pair<double, uint64_t>> Counts(const ValueStats& stats) {
  std::vector<std::pair<double, uint64_t>> counts;
  for (const ValueStats::Bin& bin : stats.Bins()) counts.emplace_back(bin.middle, bin.count);
  return counts;
}

TEST(ValueStatsTest, HowTheWorkWasCutDoesNotShow) {
  const std::vector<float> values = Normal(10001, 1);
  ValueStats one(true), many(true);
  Show(values, 1, &one);
  Show(values, 7, &many);
  EXPECT_EQ(Counts(one), Counts(many));
  EXPECT_EQ(one.low(), many.low());
  EXPECT_EQ(one.high(), many.high());
  EXPECT_EQ(one.total(), values.size());
}

TEST(ValueStatsTest, BinsAreInOrderAndNearTheirNumbers) {
  ValueStats stats(true);
  Show({-3.0f, -0.01f, 0, 1e-5f, 0.5f, 100.0f, -3.0f}, 1, &stats);
  const auto counts = Counts(stats);
  const double expected[] = {-3, -0.01, 0, 1e-5, 0.5, 100};
  ASSERT_EQ(counts.size(), 6u);
  for (size_t i = 0; i < counts.size(); ++i) {
    EXPECT_NEAR(counts[i].first, expected[i], std::abs(expected[i]) / 32) << i;
    EXPECT_EQ(counts[i].second, i == 0 ? 2u : 1u);
  }
}

TEST(ValueStatsTest, WhatIsNotFiniteIsSeen) {
  for (const float wrong : {std::numeric_limits<float>::infinity(), std::numeric_limits<float>::quiet_NaN()}) {
    ValueStats stats(false);
    std::unique_ptr<StatsShard> shard = stats.Take();
    const float values[] = {1, wrong, 2};
    shard->AddRange(values, 3);
    stats.GiveBack(std::move(shard));
    EXPECT_FALSE(stats.EndPicture());
  }
}

TEST(ValueStatsTest, TheMovingAverageForgetsAnOutlier) {
  ValueStats stats(false);
  Show({0, 1}, 1, &stats);
  Show({0, 11}, 1, &stats);
  for (int i = 0; i < 50; ++i) Show({0, 1}, 1, &stats);
  QuantizeOptions options;
  options.observer = RangeObserver::kMovingAverage;
  EXPECT_NEAR(ChooseRange(stats, options, 256).high, 1, 0.02);
  options.observer = RangeObserver::kMinMax;
  EXPECT_EQ(ChooseRange(stats, options, 256).high, 11);
}

// The mean squared error of values rounded to 256 steps of a range.
double Error(const std::vector<float>& values, const SeenRange& range) {
  const double step = (range.high - range.low) / 255;
  double error = 0;
  for (const float value : values) {
    const double stored = std::round((std::clamp<double>(value, range.low, range.high) - range.low) / step);
    const double off = range.low + stored * step - static_cast<double>(value);
    error += off * off;
  }
  return error / static_cast<double>(values.size());
}

TEST(ValueStatsTest, CuttingOutliersOffLessensTheError) {
  std::vector<float> values = Normal(20000, 2);
  values.push_back(60);  // one value takes most of the range
  ValueStats stats(true);
  Show(values, 3, &stats);
  QuantizeOptions options;
  const double all = Error(values, ChooseRange(stats, options, 256));
  options.observer = RangeObserver::kMse;
  const SeenRange least = ChooseRange(stats, options, 256);
  EXPECT_LT(Error(values, least), all);
  EXPECT_GT(least.high, 4);
  options.observer = RangeObserver::kPercentile;
  options.percentile = 99.9;
  EXPECT_NEAR(ChooseRange(stats, options, 256).high, 3.6, 0.4);
  options.observer = RangeObserver::kKl;
  EXPECT_LT(ChooseRange(stats, options, 256).high, 40);
}

TEST(ValueStatsTest, RangesHoldZero) {
  for (const RangeObserver observer : {RangeObserver::kMinMax, RangeObserver::kMovingAverage,
                                       RangeObserver::kPercentile, RangeObserver::kMse, RangeObserver::kKl}) {
    QuantizeOptions options;
    options.observer = observer;
    ValueStats above(true), dead(true);
    Show({4, 5, 6}, 1, &above);
    Show({0, 0, 0}, 1, &dead);
    EXPECT_EQ(ChooseRange(above, options, 256).low, 0);
    EXPECT_EQ(ChooseRange(dead, options, 256).low, 0);
    EXPECT_EQ(ChooseRange(dead, options, 256).high, 0);
  }
}

}  // namespace
}  // namespace safelight
