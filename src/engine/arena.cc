// SPDX-License-Identifier: Apache-2.0
#include "engine/arena.h"

#include <algorithm>
#include <numeric>

#include "base/memory.h"

namespace safelight {

int64_t PlaceBlocks(std::vector<ArenaBlock>& blocks) {
  // Largest first, each at the lowest gap between the placed ones that live at the same time.
  std::vector<int> order(blocks.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(),
                   [&](int a, int b) { return blocks[a].size_bytes > blocks[b].size_bytes; });
  std::vector<int> placed;  // by offset
  int64_t total = 0;
  for (int id : order) {
    ArenaBlock& block = blocks[id];
    int64_t offset = 0;
    for (int other_id : placed) {
      const ArenaBlock& other = blocks[other_id];
      if (other.last_use < block.first_use || block.last_use < other.first_use) continue;
      if (offset + block.size_bytes <= other.offset) break;
      offset = std::max(offset, static_cast<int64_t>(AlignUp(static_cast<size_t>(other.offset + other.size_bytes))));
    }
    block.offset = offset;
    total = std::max(total, offset + block.size_bytes);
    const auto place = std::lower_bound(placed.begin(), placed.end(), offset,
                                        [&](int a, int64_t value) { return blocks[a].offset < value; });
    placed.insert(place, id);
  }
  return total;
}

}  // namespace safelight
