// SPDX-License-Identifier: Apache-2.0
//
// Places blocks in one arena such that blocks alive together never overlap.
//
// Sizes and lifetimes in, offsets out; knows nothing of tensors. O(n^2) in the number of blocks, once a plan.
#pragma once

#include <cstdint>
#include <vector>

namespace safelight {

struct ArenaBlock {
  int64_t size_bytes = 0;
  int first_use = 0;  // alive in steps [first_use, last_use]
  int last_use = 0;
  int64_t offset = 0;  // set by PlaceBlocks, a multiple of the alignment
};

// Sets every offset; returns the size of the arena in bytes.
int64_t PlaceBlocks(std::vector<ArenaBlock>& blocks);

}  // namespace safelight
