// SPDX-License-Identifier: Apache-2.0
#include "engine/passes/passes.h"

#include "graph/infer.h"

namespace safelight {

#define PASS(name, function) Status function(Graph& graph, std::vector<std::string>* notes);
#include "engine/passes/passes.def"
#undef PASS

namespace {

struct NamedPass {
  const char* name;
  EnginePass run;
};

#define PASS(name, function) {#name, function},
constexpr NamedPass kPasses[] = {
#include "engine/passes/passes.def"
};
#undef PASS

}  // namespace

Status RunEnginePasses(Graph& graph, std::vector<std::string>* notes) {
  for (const NamedPass& pass : kPasses) {
    SL_TRY(pass.run(graph, notes).With(Cat("pass ", pass.name)));
    SL_TRY(VerifyStructure(graph).With(Cat("after pass ", pass.name)));
  }
  return {};
}

}  // namespace safelight
