// SPDX-License-Identifier: Apache-2.0
//
// Rewrites of a graph that suit every delegate. Each keeps the graph valid and its outputs the same.
#pragma once

#include "base/status.h"
#include "graph/graph.h"

namespace safelight {

// Computes nodes whose inputs are all constant (float16 weights behind DEQUANTIZE, shape
// arithmetic left over), as long as the results stay within a small multiple of their inputs.
Status FoldConstants(Graph& graph);

// Removes nodes whose outputs nobody reads, and constants' producers.
Status RemoveDeadNodes(Graph& graph);

}  // namespace safelight
