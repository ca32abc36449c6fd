// SPDX-License-Identifier: Apache-2.0
//
// What of a file a target takes: node by node with the reasons, in partitions, and in sum.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/file.h"
#include "targets/judge.h"

namespace safelight {

struct NodeCoverage {
  int number = 0;                // in the file
  std::string op, type, output;  // name of the op, TypeOf, name of the first output
  int64_t macs = 0;
  bool known = true;     // an op of safelight
  bool limited = false;  // it suits, and is left for the target's limits of partitions
  bool folded = false;   // a constant by the time the target sees it; counts nowhere
  Judgement verdict;     // of the target's rules and its limits of partitions
  int partition = -1;    // position in Coverage::partitions; -1: not taken
};

struct PartitionCoverage {
  std::vector<int> nodes;  // numbers in the file
  int64_t macs = 0;
};

struct Coverage {
  std::string target;
  std::vector<NodeCoverage> nodes;
  std::vector<PartitionCoverage> partitions;               // that the target takes
  int left_partitions = 0;                                 // that it could take but for its limits
  int node_count = 0, nodes_taken = 0, nodes_unknown = 0;  // without the folded ones
  int64_t macs = 0, macs_taken = 0, macs_unknown = 0;
  std::vector<std::string> notes;  // what the numbers do not count
};

// The file is read once and asked about many targets.
class CheckedFile {
 public:
  // Errors as ReadLoosely.
  static Result<CheckedFile> Open(const std::shared_ptr<const MappedFile>& file);
  Coverage Check(const Target& target) const;

  struct Parts;

 private:
  std::shared_ptr<const Parts> parts_;
};

}  // namespace safelight
