// SPDX-License-Identifier: Apache-2.0
//
// Exclusion lists: kinds of nodes that a driver gets wrong, as a text file that `safelight verify` writes.
//
//   safelight exclusions 1
//   delegate NAME VERSION...                 of what follows; an empty version means any
//   PATTERN # why                            one kind of node a line
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/status.h"
#include "engine/delegate.h"
#include "graph/op_def.h"

namespace safelight {

// What nodes of one kind have in common: op, types, shapes of constants, channels, options; not the size of the
// picture.
std::string NodePattern(const Graph& graph, const Node& node);

class Exclusions {
 public:
  // Errors name the line: kNotFound, kCorruptData.
  static Result<Exclusions> Read(const std::string& path);
  static Result<Exclusions> Parse(const std::string& text);

  // Why this delegate must not get the node; nullopt: nothing is known against it.
  std::optional<std::string> Find(const DelegateInfo& delegate, const Graph& graph, const Node& node) const;

  struct Entry {
    std::string delegate, version, pattern, why;
  };
  const std::vector<Entry>& entries() const { return entries_; }

 private:
  std::vector<Entry> entries_;
};

// The text of a list.
std::string WriteExclusions(const std::vector<Exclusions::Entry>& entries);

}  // namespace safelight
