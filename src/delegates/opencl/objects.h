// SPDX-License-Identifier: Apache-2.0
//
// What a part holds on the device: kernels, constants, values.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "delegates/opencl/plan.h"

namespace safelight::opencl {

struct StepObjects {
  KernelHandle kernel;
  size_t group[2] = {1, 1};       // work items of a group along columns and rows
  std::vector<Memory> constants;  // of the head, in order
};

struct Objects {
  Queue queue;
  Program program;
  std::vector<StepObjects> steps;
  std::map<ValueId, Memory> operands;  // constants that chains read, in slices
  std::vector<Memory> values;          // by Plan::objects
  Memory beyond;                       // the step whose results float16 could not hold, and 0
};

// What all constants of these steps take, in bytes.
int64_t ConstantBytes(const Graph& graph, const StepList& list);

// Errors: the compiler's, lack of memory, a constant that float16 cannot hold.
Result<Objects> MakeObjects(const Graph& graph, const StepList& list, const Plan& plan, const Device& device,
                            const Settings& settings, std::vector<std::string>* notes);

}  // namespace safelight::opencl
