// SPDX-License-Identifier: Apache-2.0
//
// What was seen of a value over many pictures, in constant memory.
//
// Counts stand in bins as wide as 1/32 of their numbers (sign, exponent and five bits of a float), so no range needs to
// be known beforehand: one pass is enough. All of it merges exactly, in any order: the result depends neither on how
// the work was cut nor on threads.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "safelight/quantize.h"

namespace safelight {

struct SeenRange {
  double low = 0, high = 0;
};

// One thread's part of one picture.
struct StatsShard {
  static constexpr int kBinBits = 14;
  static constexpr size_t kBins = size_t{1} << kBinBits;
  float low, high;
  bool not_finite = false;
  // Two tables, for zeros follow each other: increments of one place would wait for each other. Empty: not counted.
  std::vector<uint32_t> even, odd;

  explicit StatsShard(bool counts);
  void Reset();
  // `count` values next to each other: their range, and how often each number is there. Ranges are of all values,
  // counts may be of a part.
  void AddRange(const float* values, int64_t count);
  void AddCounts(const float* values, int64_t count);
};

class ValueStats {
 public:
  explicit ValueStats(bool counts) : counts_(counts) {}

  // A shard of this picture that nobody uses; given back when the values are in it.
  std::unique_ptr<StatsShard> Take();
  void GiveBack(std::unique_ptr<StatsShard> shard);
  // Merges what the shards hold. False when a value was infinite or no number.
  bool EndPicture();

  // As if both had seen what either has.
  void Merge(const ValueStats& other);

  bool seen() const { return pictures_ > 0; }
  double low() const { return low_; }
  double high() const { return high_; }
  double average_low() const { return average_low_; }
  double average_high() const { return average_high_; }

  // Bins that hold something, by their middles, in ascending order.
  struct Bin {
    double middle;
    uint64_t count;
  };
  std::vector<Bin> Bins() const;
  uint64_t total() const { return total_; }

 private:
  const bool counts_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<StatsShard>> free_;
  int pictures_ = 0;
  double low_ = 0, high_ = 0, average_low_ = 0, average_high_ = 0;
  std::vector<uint64_t> bins_;
  uint64_t total_ = 0;
};

// What options.observer says, or stands for when it says nothing, of int16 or int8 values.
RangeObserver ObserverOf(const QuantizeOptions& options, bool int16);

// The range to quantize `stats` for, which holds zero. `levels`: of the integers, 256 or 65536.
SeenRange ChooseRange(const ValueStats& stats, const QuantizeOptions& options, int levels);

}  // namespace safelight
