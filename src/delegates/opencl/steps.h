// SPDX-License-Identifier: Apache-2.0
//
// A part of a graph as a list of kernels: every node's head, with the ops that work element by element written into
// the kernel of what they read.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "delegates/opencl/device.h"
#include "delegates/opencl/nodes.h"

namespace safelight::opencl {

// One launch.
struct Step {
  std::vector<NodeId> nodes;  // whose work it does
  Head head;
  ValueId head_value = kNone;  // what the head makes; kNone: no head
  std::vector<ValueId> reads;  // the kernel's inputs: values and constant operands
  ValueId output = kNone;
  std::string kernel;  // with $NAME for its name
};

struct StepList {
  std::vector<Step> steps;      // in an order in which they can run
  std::vector<Lying> lying;     // by ValueId; of those that are read or made
  std::vector<bool> on_device;  // by ValueId: whether it exists outside of a kernel
  int64_t element_bytes = 4;    // of a number that is stored in slices or images
};

// Errors name the node.
Result<StepList> MakeSteps(const Graph& graph, const Device& device, const Settings& settings);

// A program of all kernels. `names`: of each step's kernel; equal kernels are one.
Result<std::string> WriteProgram(const StepList& list, const Settings& settings, std::vector<std::string>* names);

}  // namespace safelight::opencl
