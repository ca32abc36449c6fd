// SPDX-License-Identifier: Apache-2.0
//
// Rewrites that prepare a graph for the row engine, run in the order of passes.def.
//
// Each pass keeps the graph valid (checked after every one) and its outputs the same; a pass that
// changes something adds a sentence to `notes`.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/status.h"
#include "graph/graph.h"

namespace safelight {

using EnginePass = Status (*)(Graph& graph, std::vector<std::string>* notes);

struct NamedPass {
  const char* name;
  EnginePass run;
  bool fast_only;  // changes the arithmetic within the stated bounds: not for exact arithmetic
};

// All of passes.def.
std::span<const NamedPass> EnginePasses();

// The pass simplify_moves, for passes that leave reshapes behind.
Status SimplifyMoves(Graph& graph, std::vector<std::string>* notes);

// `fast`: also those that change the arithmetic. `graph` is inferred, and stays so.
Status RunEnginePasses(Graph& graph, std::span<const NamedPass> passes, bool fast, std::vector<std::string>* notes);

}  // namespace safelight
