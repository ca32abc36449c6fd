// SPDX-License-Identifier: Apache-2.0
//
// What the host's user may ask of the delegate, as keys and values.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <utility>

#include "base/status.h"
#include "safelight/session.h"

namespace safelight::host {

struct Options {
  int threads = 0;  // 0: as many as the host recommends
  Arithmetic arithmetic = Arithmetic::kByType;
  int64_t memory_limit_bytes = 0;
  int min_nodes = 1;  // smaller parts of the network are left to the host
  bool verbose = false;
};
// Keys: threads, arithmetic (fast, exact), memory_limit (bytes, or with KB, MB, GB), min_nodes, verbose (0, 1).
Result<Options> ReadOptions(std::span<const std::pair<std::string_view, std::string_view>> pairs);

}  // namespace safelight::host
