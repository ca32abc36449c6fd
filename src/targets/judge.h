// SPDX-License-Identifier: Apache-2.0
//
// Does a target take a node? Yes, no, or not known; with the reasons as sentences.
#pragma once

#include <string>
#include <vector>

#include "targets/node_view.h"
#include "targets/target.h"

namespace safelight {

struct Reason {
  std::string sentence;  // without its full stop
  std::string instead;   // what to change; may be empty
  bool operator==(const Reason&) const = default;
};

struct Judgement {
  Truth taken = Truth::kYes;
  std::vector<Reason> reasons;  // why not, or why it is not known; empty for kYes
};

Judgement Judge(const Target& target, const NodeView& node);

}  // namespace safelight
