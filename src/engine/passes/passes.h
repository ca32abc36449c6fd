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
  enum Kind : uint8_t { kAlways, kFast, kQuantizedFast } kind;  // see passes.def
};

// Which kinds run besides those that always do.
struct PassChoice {
  bool fast = true;
  bool quantized_fast = false;
};

// All of passes.def.
std::span<const NamedPass> EnginePasses();

// The pass simplify_moves, for passes that leave reshapes behind.
Status SimplifyMoves(Graph& graph, std::vector<std::string>* notes);

// `graph` is inferred, and stays so.
Status RunEnginePasses(Graph& graph, std::span<const NamedPass> passes, const PassChoice& choice,
                       std::vector<std::string>* notes);

}  // namespace safelight
