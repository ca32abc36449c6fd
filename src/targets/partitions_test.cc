// SPDX-License-Identifier: Apache-2.0
#include "targets/partitions.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace safelight {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// A node that reads values and makes value `out`.
PartitionNode Node(bool taken, std::vector<ValueId> in, ValueId out) { return {taken, std::move(in), {out}}; }

std::vector<std::vector<int>> Parts(const std::vector<PartitionNode>& nodes, bool taken) {
  std::vector<std::vector<int>> parts;
  for (const NodePartition& part : CutIntoPartitions(nodes, 16)) {
    if (part.taken == taken) parts.push_back(part.nodes);
  }
  return parts;
}

TEST(PartitionsTest, AChainIsCutAtWhatStays) {
  const std::vector<PartitionNode> nodes = {Node(true, {0}, 1), Node(true, {1}, 2), Node(false, {2}, 3),
                                            Node(true, {3}, 4)};
  EXPECT_THAT(Parts(nodes, true), ElementsAre(ElementsAre(0, 1), ElementsAre(3)));
  EXPECT_THAT(Parts(nodes, false), ElementsAre(ElementsAre(2)));
}

TEST(PartitionsTest, NodesOfAnotherBranchJoinTheFirstPart) {
  // 0 -> [stays] -> joins; 0 -> taken, taken. The branch runs in one part, beside the node that stays.
  const std::vector<PartitionNode> nodes = {Node(true, {0}, 1), Node(false, {1}, 2), Node(true, {1}, 3),
                                            Node(true, {3}, 4), Node(true, {2, 4}, 5)};
  EXPECT_THAT(Parts(nodes, true), ElementsAre(ElementsAre(0, 2, 3), ElementsAre(4)));
}

TEST(PartitionsTest, TheFirstReadyNodeSaysWhatComesFirst) {
  const std::vector<PartitionNode> nodes = {Node(false, {0}, 1), Node(true, {0}, 2), Node(true, {1, 2}, 3)};
  EXPECT_FALSE(CutIntoPartitions(nodes, 16)[0].taken);
  EXPECT_THAT(Parts(nodes, true), ElementsAre(ElementsAre(1, 2)));
}

TEST(PartitionsTest, NodesOutOfOrderAreStillFound) {
  const std::vector<PartitionNode> nodes = {Node(true, {1}, 2), Node(true, {0}, 1)};
  EXPECT_THAT(Parts(nodes, true), ElementsAre(ElementsAre(1, 0)));
}

TEST(PartitionsTest, NodesThatWaitForEachOtherAreLeftOut) {
  const std::vector<PartitionNode> nodes = {Node(true, {2, kNone}, 1), Node(true, {1}, 2)};
  EXPECT_THAT(CutIntoPartitions(nodes, 16), IsEmpty());
}

}  // namespace
}  // namespace safelight
