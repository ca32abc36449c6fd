// SPDX-License-Identifier: Apache-2.0
//
// Facts about this process from the operating system.
#pragma once

#include <cstdint>
#include <string>

namespace safelight {

// The most memory this process has held so far, by the system's own account; 0 when unknown.
int64_t PeakMemoryBytes();
// The folder of the running program, without a slash at its end; empty when unknown.
std::string ProgramFolder();

}  // namespace safelight
