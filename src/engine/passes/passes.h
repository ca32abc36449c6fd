// SPDX-License-Identifier: Apache-2.0
//
// Rewrites that prepare a graph for the row engine, run in the order of passes.def.
//
// Each pass keeps the graph valid (checked after every one) and its outputs the same; a pass that
// changes something adds a sentence to `notes`.
#pragma once

#include <string>
#include <vector>

#include "base/status.h"
#include "graph/graph.h"

namespace safelight {

using EnginePass = Status (*)(Graph& graph, std::vector<std::string>* notes);

// `fast`: also those that change the arithmetic within the stated bounds.
Status RunEnginePasses(Graph& graph, bool fast, std::vector<std::string>* notes);

}  // namespace safelight
