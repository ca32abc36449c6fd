// SPDX-License-Identifier: Apache-2.0
#include "engine/passes/passes.h"

#include "graph/infer.h"

namespace safelight {

#define PASS(name, function) Status function(Graph& graph, std::vector<std::string>* notes);
#define FAST_PASS(name, function) PASS(name, function)
#include "engine/passes/passes.def"
#undef FAST_PASS
#undef PASS

namespace {

#define PASS(name, function) {#name, function, false},
#define FAST_PASS(name, function) {#name, function, true},
constexpr NamedPass kPasses[] = {
#include "engine/passes/passes.def"
};
#undef FAST_PASS
#undef PASS

}  // namespace

std::span<const NamedPass> EnginePasses() { return kPasses; }

Status RunEnginePasses(Graph& graph, std::span<const NamedPass> passes, bool fast, std::vector<std::string>* notes) {
  for (const NamedPass& pass : passes) {
    if (pass.fast_only && !fast) continue;
    SL_TRY(pass.run(graph, notes).With(Cat("pass ", pass.name)));
    SL_TRY(VerifyStructure(graph).With(Cat("after pass ", pass.name)));
  }
  return {};
}

}  // namespace safelight
