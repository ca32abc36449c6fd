// SPDX-License-Identifier: Apache-2.0
//
// LOGICAL_NOT: not x, element by element.
#include "ops/support/unary.h"

namespace safelight {
namespace {

Status Infer(InferContext& context) {
  if (context.input(0).dtype != DType::kBool) {
    return InvalidArgument("input 0 is ", DTypeName(context.input(0).dtype), ", must be bool");
  }
  return InferUnary(context);
}

bool Run(const ElementRun& run, const ElementParams&) {
  for (size_t i = 0; i < run.count; ++i)
    run.out[i] = run.in[0][i * run.step[0]] == std::byte{0} ? std::byte{1} : std::byte{0};
  return true;
}

Result<ElementFunction> Choose(const OpContext&, bool) { return ElementFunction{Run, {}}; }

}  // namespace

extern const OpDef logical_not_op;
const OpDef logical_not_op = ElementOpDef<Choose>("LOGICAL_NOT", 87, 1, Infer);

}  // namespace safelight
