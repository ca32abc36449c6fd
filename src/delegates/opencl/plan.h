// SPDX-License-Identifier: Apache-2.0
//
// How a part runs within the device's memory: in how many strips of rows, which rows of each value a strip needs, and
// which objects the values share.
#pragma once

#include <vector>

#include "delegates/opencl/steps.h"
#include "graph/window.h"

namespace safelight::opencl {

// A buffer, or an image where `width` is not 0 (in pixels of four channels).
struct ObjectSize {
  int64_t bytes = 0;
  int64_t width = 0, height = 0;
};

struct Plan {
  // Of each strip, by ValueId: the rows that are made or written. Empty where none are needed.
  std::vector<std::vector<Range>> rows;
  // Of each strip, by the part's outputs: the rows that are read back.
  std::vector<std::vector<Range>> results;
  std::vector<int64_t> rows_held;  // by ValueId: the most that a strip has
  std::vector<int> object;         // by ValueId; kNone where it does not exist on the device
  std::vector<ObjectSize> objects;
  int64_t memory_bytes = 0;  // of all objects and `constant_bytes`
  int64_t strip_rows = 0;    // of the first output, in the tallest strip
};

// The fewest strips that fit into `limit` bytes besides `constant_bytes`, and no object larger than the device allows.
// Errors: kResourceLimit, saying how much is needed, and which node needs all rows where strips cannot be.
Result<Plan> MakePlan(const Graph& graph, const StepList& list, const Device& device, int64_t limit,
                      int64_t constant_bytes);

}  // namespace safelight::opencl
