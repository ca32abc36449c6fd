// SPDX-License-Identifier: Apache-2.0
#include "engine/passes/passes.h"

#include "graph/infer.h"

namespace safelight {

#define PASS(name, function) Status function(Graph& graph, std::vector<std::string>* notes);
#define FAST_PASS(name, function) PASS(name, function)
#define QUANTIZED_FAST_PASS(name, function) PASS(name, function)
#include "engine/passes/passes.def"
#undef QUANTIZED_FAST_PASS
#undef FAST_PASS
#undef PASS

namespace {

#define PASS(name, function) {#name, function, NamedPass::kAlways},
#define FAST_PASS(name, function) {#name, function, NamedPass::kFast},
#define QUANTIZED_FAST_PASS(name, function) {#name, function, NamedPass::kQuantizedFast},
constexpr NamedPass kPasses[] = {
#include "engine/passes/passes.def"
};
#undef QUANTIZED_FAST_PASS
#undef FAST_PASS
#undef PASS

}  // namespace

std::span<const NamedPass> EnginePasses() { return kPasses; }

Status RunEnginePasses(Graph& graph, std::span<const NamedPass> passes, const PassChoice& choice,
                       std::vector<std::string>* notes) {
  for (const NamedPass& pass : passes) {
    if (pass.kind == NamedPass::kFast && !choice.fast) continue;
    if (pass.kind == NamedPass::kQuantizedFast && !choice.quantized_fast) continue;
    SL_TRY(pass.run(graph, notes).With(Cat("pass ", pass.name)));
    SL_TRY(VerifyStructure(graph).With(Cat("after pass ", pass.name)));
  }
  return {};
}

}  // namespace safelight
