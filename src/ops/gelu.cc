// SPDX-License-Identifier: Apache-2.0
//
// GELU: x times the normal distribution function of x, exact or by the tanh approximation
// (Hendrycks and Gimpel, arXiv 1606.08415).
#include "ops/support/unary.h"

namespace safelight {
namespace {

struct Attrs : OpAttrs {
  bool approximate = false;
};

Result<std::shared_ptr<const OpAttrs>> Read(const AttrReader& reader) {
  auto attrs = std::make_shared<Attrs>();
  attrs->approximate = reader.Bool(0, false);
  return std::shared_ptr<const OpAttrs>(std::move(attrs));
}

Result<ElementFunction> Choose(const OpContext& context, bool plain) {
  const bool approximate = context.attrs<Attrs>().approximate;
  return ChooseUnary(context, approximate ? kernels::UnaryOp::kGeluTanh : kernels::UnaryOp::kGelu, 0, plain);
}

}  // namespace

extern const OpDef gelu_op;
const OpDef gelu_op = ElementOpDef<Choose>("GELU", 150, 1, InferUnary, Read);

}  // namespace safelight
