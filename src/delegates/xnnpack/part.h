// SPDX-License-Identifier: Apache-2.0
//
// The delegate itself: which nodes XNNPACK takes, and runtimes of its subgraphs.
#pragma once

#include <memory>

#include "delegates/delegates.h"
#include "delegates/xnnpack/library.h"

namespace safelight::xnnpack {

std::unique_ptr<Delegate> MakeDelegate(const Library* library, const DelegateOptions& options);

}  // namespace safelight::xnnpack
