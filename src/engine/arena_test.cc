// SPDX-License-Identifier: Apache-2.0
#include "engine/arena.h"

#include <gtest/gtest.h>

#include <random>

namespace safelight {
namespace {

TEST(ArenaTest, BlocksAliveTogetherNeverOverlap) {
  for (uint32_t seed = 1; seed <= 50; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    std::mt19937 random(seed);
    std::vector<ArenaBlock> blocks(60);
    int64_t sum = 0;
    for (ArenaBlock& block : blocks) {
      block.size_bytes = random() % 5000;
      block.first_use = static_cast<int>(random() % 40);
      block.last_use = block.first_use + static_cast<int>(random() % 10);
      sum += block.size_bytes + 64;
    }
    const int64_t total = PlaceBlocks(blocks);
    EXPECT_LT(total, sum);
    for (size_t a = 0; a < blocks.size(); ++a) {
      EXPECT_EQ(blocks[a].offset % 64, 0);
      EXPECT_LE(blocks[a].offset + blocks[a].size_bytes, total);
      for (size_t b = a + 1; b < blocks.size(); ++b) {
        const bool together = blocks[a].first_use <= blocks[b].last_use && blocks[b].first_use <= blocks[a].last_use;
        const bool apart = blocks[a].offset + blocks[a].size_bytes <= blocks[b].offset ||
                           blocks[b].offset + blocks[b].size_bytes <= blocks[a].offset;
        if (!together || blocks[a].size_bytes == 0 || blocks[b].size_bytes == 0) continue;
        EXPECT_TRUE(apart) << a << " and " << b;
      }
    }
  }
}

TEST(ArenaTest, BlocksOfDifferentTimesShareMemory) {
  std::vector<ArenaBlock> blocks = {{1000, 0, 1, 0}, {1000, 2, 3, 0}, {1000, 4, 5, 0}};
  EXPECT_EQ(PlaceBlocks(blocks), 1000);
}

}  // namespace
}  // namespace safelight
