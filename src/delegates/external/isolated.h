// SPDX-License-Identifier: Apache-2.0
//
// A library in a process of its own: a crash or a hang costs one run.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "base/status.h"
#include "delegates/external/network.h"
#include "engine/delegate.h"

namespace safelight {

struct IsolationLimits {
  int start_ms = 120000;  // until the library is ready: vendors' compilers take their time
  int run_ms = 10000;     // for one run
  int restarts = 3;       // in a row, without a run that succeeds between them
};

// As LookAtNetwork and HostedKernels, in another process.
Result<std::vector<int32_t>> LookIsolated(const ExternalRequest& request, const IsolationLimits& limits);
// Copies the constants. The part may be run again after its process has ended, for a new one is started then.
Result<std::unique_ptr<CompiledPart>> CompileIsolated(const ExternalRequest& request, const IsolationLimits& limits);

}  // namespace safelight
