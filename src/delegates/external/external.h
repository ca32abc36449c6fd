// SPDX-License-Identifier: Apache-2.0
//
// TFLite external delegates: shared libraries of others, asked for by path.
#pragma once

#include <memory>
#include <string>

#include "base/status.h"
#include "engine/delegate.h"

namespace safelight {

// That a name is the path of a library: it has a '/' or ends in ".so".
bool IsLibraryPath(const std::string& name);

// Options of the host: isolate (0, 1), timeout_ms and start_timeout_ms (1 to 86400000), restarts (0 to 1000000); the
// rest is handed to the library. Errors: a wrong option, a file that cannot be such a library; what the library says
// where it is not isolated.
Result<std::unique_ptr<Delegate>> OpenExternalDelegate(const std::string& path, const DelegateOptions& options);

}  // namespace safelight
