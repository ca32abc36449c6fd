// SPDX-License-Identifier: Apache-2.0
//
// A part of a graph on the device.
#pragma once

#include <memory>

#include "delegates/opencl/device.h"
#include "engine/delegate.h"

namespace safelight::opencl {

// Errors: what steps, program and memory say.
Result<std::unique_ptr<CompiledPart>> CompilePart(std::shared_ptr<const Device> device, const Settings& settings,
                                                  std::shared_ptr<const Graph> graph);

}  // namespace safelight::opencl
