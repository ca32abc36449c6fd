// SPDX-License-Identifier: Apache-2.0
//
// The delegate itself: which nodes it takes, on which device.
#pragma once

#include <memory>

#include "delegates/delegates.h"
#include "delegates/opencl/library.h"

namespace safelight::opencl {

// `library` must outlive everything that comes of it. Errors: options, no device.
Result<std::unique_ptr<Delegate>> MakeDelegate(const Library* library, const DelegateOptions& options);

}  // namespace safelight::opencl
