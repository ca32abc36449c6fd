// SPDX-License-Identifier: Apache-2.0
//
// Programs from their source, or from what an earlier run compiled and left in a folder.
#pragma once

#include <string>
#include <vector>

#include "delegates/opencl/device.h"

namespace safelight::opencl {

// Where the compiled program of this source is kept: its name holds a hash of source, device and driver.
std::string CachePath(const Device& device, const std::string& folder, const std::string& source);

// Built for the device. With a folder: taken from there where it is, else compiled and left there. A file that is cut,
// of another device or that the driver does not take is replaced, with a note. Errors: the first lines of the
// compiler's log.
Result<Program> BuildProgram(const Device& device, const std::string& folder, const std::string& source,
                             std::vector<std::string>* notes);

}  // namespace safelight::opencl
