// SPDX-License-Identifier: Apache-2.0
//
// The same network at another picture size.
#pragma once

#include <string>
#include <vector>

#include "base/status.h"
#include "graph/graph.h"

namespace safelight {

// The graph of the file (`file`, not inferred) inferred for `input_shapes` (as in Infer). A constant is rewritten
// only where an op consumes it as a shape or a size; the target of a resize follows the value that it
// later joins, else keeps its ratio to its input. Each rewrite adds a sentence to `notes`. `own` is the file's
// graph inferred at its own size; asked for that size, the result is `own` unchanged.
// Errors name the node that cannot take the size.
Result<Graph> ResizeGraph(const Graph& file, const Graph& own, const std::vector<Shape>& input_shapes,
                          std::vector<std::string>* notes);

}  // namespace safelight
