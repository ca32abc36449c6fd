// SPDX-License-Identifier: Apache-2.0
//
// What a chain of TRANSPOSE and RESHAPE does, whatever its steps: which part of which input axis each output axis
// counts.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "tensor/tensor.h"

namespace safelight {

// Requires shapes with elements.
class MoveChain {
 public:
  // Nothing moved yet.
  explicit MoveChain(const Shape& in);

  // Output axis d is axis perm[d] of what there was.
  void Transpose(std::span<const int64_t> perm);
  // The same elements in the same order. False where an axis would begin inside another's part.
  bool Reshape(const Shape& shape);

  // Both move every element of one shape alike.
  bool operator==(const MoveChain& other) const { return in_ == other.in_ && Joined() == other.Joined(); }

  // The elements stay in their order: a reshape.
  bool KeepsOrder() const;
  // The permutation of one transposition that does the same.
  std::optional<std::vector<int64_t>> AsTranspose() const;

  const Shape& in() const { return in_; }
  Shape out() const;

 private:
  // `size` indices that lie `stride` elements of the input apart.
  struct Part {
    int64_t size, stride;
    bool operator==(const Part&) const = default;
  };
  using Axis = std::vector<Part>;  // outermost first

  static void Append(Axis* axis, Part part);
  // Parts that lie behind each other joined, by axis.
  std::vector<Axis> Joined() const;

  Shape in_;
  std::vector<Axis> axes_;
};

}  // namespace safelight
