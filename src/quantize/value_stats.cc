// SPDX-License-Identifier: Apache-2.0
#include "quantize/value_stats.h"

#include <algorithm>
#include <bit>
#include <cfloat>
#include <cmath>
#include <utility>

#include "kernels/reduce.h"

namespace safelight {
namespace {

constexpr int kShift = 32 - StatsShard::kBinBits;
constexpr uint32_t kExponent = 0x7f800000;
// Of the moving average: how much of it stays at each picture.
constexpr double kMomentum = 0.9;

size_t BinOf(float value) { return std::bit_cast<uint32_t>(value) >> kShift; }

double MiddleOf(size_t bin) {
  const uint32_t low = static_cast<uint32_t>(bin) << kShift;
  // Zero and what is next to nothing.
  if ((low & kExponent) == 0) return 0;
  return static_cast<double>(std::bit_cast<float>(low + (uint32_t{1} << (kShift - 1))));
}

}  // namespace

StatsShard::StatsShard(bool counts) : even(counts ? kBins : 0), odd(counts ? kBins : 0) { Reset(); }

void StatsShard::Reset() {
  low = FLT_MAX;
  high = -FLT_MAX;
  not_finite = false;
  std::fill(even.begin(), even.end(), 0);
  std::fill(odd.begin(), odd.end(), 0);
}

void StatsShard::Add(const float* values, int64_t count) {
  float least = FLT_MAX, greatest = -FLT_MAX;
  kernels::MinEach(values, 1, count, count, &least, 1);
  kernels::MaxEach(values, 1, count, count, &greatest, 1);
  low = std::min(low, least);
  high = std::max(high, greatest);
  uint32_t wrong = 0;
  for (int64_t i = 0; i < count; ++i) wrong |= (std::bit_cast<uint32_t>(values[i]) & kExponent) == kExponent ? 1 : 0;
  not_finite = not_finite || wrong != 0;
  if (even.empty()) return;
  int64_t i = 0;
  for (; i + 2 <= count; i += 2) {
    ++even[BinOf(values[i])];
    ++odd[BinOf(values[i + 1])];
  }
  if (i < count) ++even[BinOf(values[i])];
}

std::unique_ptr<StatsShard> ValueStats::Take() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (!free_.empty()) {
      std::unique_ptr<StatsShard> shard = std::move(free_.back());
      free_.pop_back();
      return shard;
    }
  }
  return std::make_unique<StatsShard>(counts_);
}

void ValueStats::GiveBack(std::unique_ptr<StatsShard> shard) {
  const std::lock_guard<std::mutex> lock(mutex_);
  free_.push_back(std::move(shard));
}

bool ValueStats::EndPicture() {
  if (counts_ && bins_.empty()) bins_.assign(StatsShard::kBins, 0);
  double low = DBL_MAX, high = -DBL_MAX;
  bool finite = true;
  for (const std::unique_ptr<StatsShard>& shard : free_) {
    finite = finite && !shard->not_finite;
    low = std::min<double>(low, shard->low);
    high = std::max<double>(high, shard->high);
    for (size_t b = 0; b < shard->even.size(); ++b) {
      const uint64_t count = uint64_t{shard->even[b]} + shard->odd[b];
      bins_[b] += count;
      total_ += count;
    }
    shard->Reset();
  }
  if (low > high) return finite;  // a value without elements
  low_ = pictures_ == 0 ? low : std::min(low_, low);
  high_ = pictures_ == 0 ? high : std::max(high_, high);
  average_low_ = pictures_ == 0 ? low : kMomentum * average_low_ + (1 - kMomentum) * low;
  average_high_ = pictures_ == 0 ? high : kMomentum * average_high_ + (1 - kMomentum) * high;
  ++pictures_;
  return finite;
}

void ValueStats::Merge(const ValueStats& other) {
  if (!other.seen()) return;
  low_ = seen() ? std::min(low_, other.low_) : other.low_;
  high_ = seen() ? std::max(high_, other.high_) : other.high_;
  average_low_ = seen() ? std::min(average_low_, other.average_low_) : other.average_low_;
  average_high_ = seen() ? std::max(average_high_, other.average_high_) : other.average_high_;
  if (bins_.empty()) bins_.assign(other.bins_.size(), 0);
  for (size_t b = 0; b < std::min(bins_.size(), other.bins_.size()); ++b) bins_[b] += other.bins_[b];
  total_ += other.total_;
  pictures_ = std::max(pictures_, other.pictures_);
}

std::vector<ValueStats::Bin> ValueStats::Bins() const {
  std::vector<Bin> filled;
  const size_t half = bins_.size() / 2;
  // Negative numbers have the upper half, the largest magnitude last.
  for (size_t b = bins_.size(); b-- > half;) {
    if (bins_[b] > 0) filled.push_back({MiddleOf(b), bins_[b]});
  }
  for (size_t b = 0; b < half; ++b) {
    if (bins_[b] > 0) filled.push_back({MiddleOf(b), bins_[b]});
  }
  return filled;
}

namespace {

using Bins = std::vector<ValueStats::Bin>;

SeenRange Percentile(const ValueStats& stats, const Bins& bins, double percent) {
  const double outside = static_cast<double>(stats.total()) * (1 - percent / 100) / 2;
  SeenRange range{stats.low(), stats.high()};
  double below = 0, above = 0;
  for (const ValueStats::Bin& bin : bins) {
    below += static_cast<double>(bin.count);
    if (below > outside) {
      range.low = std::max(range.low, bin.middle);
      break;
    }
  }
  for (auto bin = bins.rbegin(); bin != bins.rend(); ++bin) {
    above += static_cast<double>(bin->count);
    if (above > outside) {
      range.high = std::min(range.high, bin->middle);
      break;
    }
  }
  return range;
}

// The squared error of all values at this range: rounding inside, cutting off outside.
double SquaredError(const Bins& bins, const SeenRange& range, int levels) {
  const double step = (range.high - range.low) / (levels - 1), rounding = step * step / 12;
  double error = 0;
  for (const ValueStats::Bin& bin : bins) {
    const double cut = bin.middle < range.low    ? range.low - bin.middle
                       : bin.middle > range.high ? bin.middle - range.high
                                                 : 0;
    error += static_cast<double>(bin.count) * (rounding + cut * cut);
  }
  return error;
}

// Shrinks one end at a time while that lessens the error.
SeenRange LeastSquaredError(const ValueStats& stats, const Bins& bins, int levels) {
  constexpr int kSteps = 64;
  constexpr int kTurns = 3;
  const SeenRange all{std::min(stats.low(), 0.0), std::max(stats.high(), 0.0)};
  SeenRange best = all;
  double least = SquaredError(bins, best, levels);
  for (int turn = 0; turn < kTurns; ++turn) {
    for (const bool upper : {true, false}) {
      for (int s = kSteps; s > kSteps / 8; --s) {
        SeenRange trial = best;
        (upper ? trial.high : trial.low) = (upper ? all.high : all.low) * s / kSteps;
        const double error = trial.high > trial.low ? SquaredError(bins, trial, levels) : least;
        if (error >= least) continue;
        least = error;
        best = trial;
      }
    }
  }
  return best;
}

// How far the distribution is from itself cut off at share `keep` of the range and made of `levels` steps.
double Divergence(const Bins& bins, const SeenRange& range, int levels) {
  const double step = (range.high - range.low) / levels;
  std::vector<double> mass(static_cast<size_t>(levels), 0), inside = mass, filled = mass;
  const auto level_of = [&](double x) {
    return static_cast<size_t>(std::clamp((x - range.low) / step, 0.0, static_cast<double>(levels - 1)));
  };
  double total = 0;
  for (const ValueStats::Bin& bin : bins) {
    const size_t level = level_of(bin.middle);
    const auto count = static_cast<double>(bin.count);
    mass[level] += count;
    if (bin.middle >= range.low && bin.middle <= range.high) {
      inside[level] += count;
      filled[level] += 1;
    }
    total += count;
  }
  // Bins of one level become alike; what was cut off is missing.
  double divergence = 0, inside_total = 0;
  for (const double m : inside) inside_total += m;
  for (const ValueStats::Bin& bin : bins) {
    if (bin.middle < range.low || bin.middle > range.high) continue;
    const size_t level = level_of(bin.middle);
    const double cut = mass[level] - inside[level];
    const double p = (static_cast<double>(bin.count) + cut / filled[level]) / total;
    const double q = inside[level] / filled[level] / inside_total;
    divergence += p * std::log(p / q);
  }
  return divergence;
}

SeenRange LeastDivergence(const ValueStats& stats, const Bins& bins, int levels) {
  constexpr int kSteps = 64;
  const SeenRange all{std::min(stats.low(), 0.0), std::max(stats.high(), 0.0)};
  SeenRange best = all;
  double least = DBL_MAX;
  for (int s = kSteps; s > kSteps / 4; --s) {
    const SeenRange trial{all.low * s / kSteps, all.high * s / kSteps};
    const double divergence = Divergence(bins, trial, std::min(levels, 256));
    if (divergence >= least) continue;
    least = divergence;
    best = trial;
  }
  return best;
}

}  // namespace

SeenRange ChooseRange(const ValueStats& stats, const QuantizeOptions& options, int levels) {
  SeenRange range{stats.low(), stats.high()};
  const bool varies = stats.high() > stats.low();
  const Bins bins = stats.Bins();
  switch (options.observer) {
    case RangeObserver::kMinMax: break;
    case RangeObserver::kMovingAverage: range = {stats.average_low(), stats.average_high()}; break;
    case RangeObserver::kPercentile: range = Percentile(stats, bins, options.percentile); break;
    case RangeObserver::kMse:
      if (varies) range = LeastSquaredError(stats, bins, levels);
      break;
    case RangeObserver::kKl:
      if (varies) range = LeastDivergence(stats, bins, levels);
      break;
  }
  return {std::min(range.low, 0.0), std::max(range.high, 0.0)};
}

}  // namespace safelight
