// SPDX-License-Identifier: Apache-2.0
//
// Options of nodes that passes make, as a file would give them: numbers in the first slot, all else left out.
#pragma once

#include <utility>
#include <vector>

#include "graph/op_def.h"

namespace safelight {

class FirstOption : public AttrReader {
 public:
  // At least one number.
  explicit FirstOption(std::vector<int64_t> numbers) : numbers_(std::move(numbers)) {}
  int64_t Int(int slot, int64_t fallback) const override { return slot == 0 ? numbers_[0] : fallback; }
  float Float(int, float fallback) const override { return fallback; }
  bool Bool(int slot, bool fallback) const override { return Int(slot, fallback ? 1 : 0) != 0; }
  std::vector<int64_t> Ints(int slot) const override { return slot == 0 ? numbers_ : std::vector<int64_t>(); }
  int version() const override { return 1; }

 private:
  const std::vector<int64_t> numbers_;
};

}  // namespace safelight
