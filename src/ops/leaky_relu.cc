// SPDX-License-Identifier: Apache-2.0
//
// LEAKY_RELU: x, or x * alpha below 0.
#include "ops/support/unary.h"

namespace safelight {
namespace {

Result<std::shared_ptr<const OpAttrs>> Read(const AttrReader& reader) {
  auto attrs = std::make_shared<LeakyReluAttrs>();
  attrs->alpha = reader.Float(0, 0);
  return std::shared_ptr<const OpAttrs>(std::move(attrs));
}

Result<ElementFunction> Choose(const OpContext& context, bool plain) {
  return ChooseUnary(context, kernels::UnaryOp::kLeakyRelu, context.attrs<LeakyReluAttrs>().alpha, plain);
}

}  // namespace

extern const OpDef leaky_relu_op;
const OpDef leaky_relu_op = ElementOpDef<Choose>("LEAKY_RELU", 98, 1, InferUnary, Read);

}  // namespace safelight
