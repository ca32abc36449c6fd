// SPDX-License-Identifier: Apache-2.0
//
// Options that say which engines run a network beside the CPU's own, alike for every command that runs one.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "safelight/session.h"
#include "safelight/status.h"

namespace safelight {

class DelegateFlags {
 public:
  // --delegate, --require, --preference, --min-part, --max-parts, --exclude, --delegate-cache. `this` must outlive the
  // parsing.
  void AddTo(CLI::App& app);
  // What was given, into `session`.
  Status Apply(SessionOptions* session) const;
  // Some delegate was asked for.
  bool given() const { return !choice_.names.empty(); }

 private:
  DelegateChoice choice_;
  std::string preference_ = "fast";
};

// A table: for every node where it runs, and why not on the delegates that were asked before.
void PrintPlacement(const std::vector<NodePlacement>& nodes);

// After a run: each delegate that failed in it, and what it said; on stderr.
void PrintFailures(const std::vector<NodePlacement>& nodes);

}  // namespace safelight
