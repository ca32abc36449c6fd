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

void StatsShard::AddRange(const float* values, int64_t count) {
  float least = FLT_MAX, greatest = -FLT_MAX;
  kernels::MinEach(values, 1, count, count, &least, 1);
  kernels::MaxEach(values, 1, count, count, &greatest, 1);
  low = std::min(low, least);
  high = std::max(high, greatest);
  uint32_t wrong = 0;
  for (int64_t i = 0; i < count; ++i) wrong |= (std::bit_cast<uint32_t>(values[i]) & kExponent) == kExponent ? 1 : 0;
  not_finite = not_finite || wrong != 0;
}

void StatsShard::AddCounts(const float* values, int64_t count) {
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

// The counts over equal parts of the range that was seen. Zeros, of which RELU makes many, are exact whatever the
// range.
std::vector<double> EvenBins(const SeenRange& all, const Bins& bins, size_t parts) {
  std::vector<double> even(parts, 0);
  const double width = (all.high - all.low) / static_cast<double>(parts);
  const auto part_of = [&](double x) {
    return static_cast<size_t>(std::clamp((x - all.low) / width, 0.0, static_cast<double>(parts - 1)));
  };
  for (const ValueStats::Bin& bin : bins) {
    if (bin.middle == 0) continue;
    const double half = std::abs(bin.middle) / 64;  // half a bin is 1/64 of its number
    const size_t first = part_of(bin.middle - half), last = part_of(bin.middle + half);
    const double share = static_cast<double>(bin.count) / static_cast<double>(last - first + 1);
    for (size_t i = first; i <= last; ++i) even[i] += share;
  }
  return even;
}

// How far parts [begin, end), with what lies outside put on their ends, are from themselves made of `levels` steps.
double Divergence(const std::vector<double>& even, size_t begin, size_t end, size_t levels) {
  std::vector<double> p(even.begin() + static_cast<std::ptrdiff_t>(begin),
                        even.begin() + static_cast<std::ptrdiff_t>(end));
  const std::vector<double> inside = p;
  for (size_t i = 0; i < begin; ++i) p.front() += even[i];
  for (size_t i = end; i < even.size(); ++i) p.back() += even[i];
  double p_total = 0, inside_total = 0, divergence = 0;
  for (const double x : p) p_total += x;
  for (const double x : inside) inside_total += x;
  for (size_t level = 0; level < levels; ++level) {
    const size_t from = level * p.size() / levels, to = (level + 1) * p.size() / levels;
    double mass = 0, filled = 0;
    for (size_t i = from; i < to; ++i) {
      mass += inside[i];
      filled += inside[i] > 0 ? 1 : 0;
    }
    for (size_t i = from; i < to; ++i) {
      if (!(p[i] > 0)) continue;
      // A part that only the outside fills is next to nothing in the other.
      const double q = inside[i] > 0 ? mass / filled / inside_total : 1e-9;
      divergence += p[i] / p_total * std::log(p[i] / p_total / q);
    }
  }
  return divergence;
}

// Shrinks one end at a time while that lessens the divergence.
SeenRange LeastDivergence(const ValueStats& stats, const Bins& bins) {
  constexpr size_t kParts = 4096, kLevels = 256;
  constexpr int kSteps = 64;
  const SeenRange all{std::min(stats.low(), 0.0), std::max(stats.high(), 0.0)};
  const std::vector<double> even = EvenBins(all, bins, kParts);
  const double zero = -all.low / (all.high - all.low) * static_cast<double>(kParts);
  double keep[2] = {1, 1};  // of the lower and of the upper end
  double least = Divergence(even, 0, kParts, kLevels);
  for (const size_t upper : {1, 0, 1}) {
    const double before[2] = {keep[0], keep[1]};
    for (int s = kSteps; s > kSteps / 8; --s) {
      double trial[2] = {before[0], before[1]};
      trial[upper] = static_cast<double>(s) / kSteps;
      const auto begin = static_cast<size_t>(zero * (1 - trial[0]));
      const auto end = static_cast<size_t>(zero + (static_cast<double>(kParts) - zero) * trial[1]);
      if (end < begin + kLevels) continue;
      const double divergence = Divergence(even, begin, end, kLevels);
      if (divergence >= least) continue;
      least = divergence;
      keep[upper] = trial[upper];
    }
  }
  return {all.low * keep[0], all.high * keep[1]};
}

}  // namespace

RangeObserver ObserverOf(const QuantizeOptions& options, bool int16) {
  return options.observer.value_or(int16 ? RangeObserver::kMinMax : RangeObserver::kPercentile);
}

SeenRange ChooseRange(const ValueStats& stats, const QuantizeOptions& options, int levels) {
  SeenRange range{stats.low(), stats.high()};
  const bool varies = stats.high() > stats.low();
  const Bins bins = stats.Bins();
  switch (ObserverOf(options, levels > 256)) {
    case RangeObserver::kMinMax: break;
    case RangeObserver::kMovingAverage: range = {stats.average_low(), stats.average_high()}; break;
    case RangeObserver::kPercentile: range = Percentile(stats, bins, options.percentile); break;
    case RangeObserver::kMse:
      if (varies) range = LeastSquaredError(stats, bins, levels);
      break;
    case RangeObserver::kKl:
      if (varies) range = LeastDivergence(stats, bins);
      break;
  }
  return {std::min(range.low, 0.0), std::max(range.high, 0.0)};
}

}  // namespace safelight
