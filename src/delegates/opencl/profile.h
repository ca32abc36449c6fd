// SPDX-License-Identifier: Apache-2.0
//
// How long the device took for each step, as its own clock says.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "delegates/opencl/library.h"

namespace safelight::opencl {

// Of one run.
class Profile {
 public:
  void Clear() { launches_.clear(); }
  void Add(std::string node, std::string kernel, Event event) {
    launches_.push_back({std::move(node), std::move(kernel), std::move(event)});
  }
  // Once the run has finished: a line of each launch, "microseconds kernel node", into `path`, whole or not at all.
  Status Write(const Library& library, const std::string& path) const;

 private:
  struct Launch {
    std::string node, kernel;
    Event event;
  };
  std::vector<Launch> launches_;
};

}  // namespace safelight::opencl
