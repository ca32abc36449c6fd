// SPDX-License-Identifier: Apache-2.0
//
// LSTM: one step of the full cell (see ops/support/recurrent.h). Whole tensors only.
#include <cmath>

#include "ops/support/int_recurrent.h"

namespace safelight {
namespace {

Result<std::shared_ptr<const OpAttrs>> Read(const AttrReader& reader) {
  auto attrs = std::make_shared<LstmAttrs>();
  attrs->activation = reader.Int(0, 0);
  attrs->cell_clip = reader.Float(1, 0.0f);
  attrs->proj_clip = reader.Float(2, 0.0f);
  if (ActivationFunction(attrs->activation) == nullptr) return Unsupported("activation ", attrs->activation);
  if (!(attrs->cell_clip >= 0) || !(attrs->proj_clip >= 0)) {
    return InvalidArgument("clips ", attrs->cell_clip, " and ", attrs->proj_clip, ", must be at least 0");
  }
  if (reader.Int(3, 0) != 0) return Unsupported("kernel type ", reader.Int(3, 0), ", only 0 (full) is built");
  return std::shared_ptr<const OpAttrs>(std::move(attrs));
}

Status Infer(InferContext& context) {
  const Value& input = context.input(0);
  if (input.shape.rank() != 2) {
    return InvalidArgument("input of shape ", input.shape.ToString(), ", must have 2 dimensions");
  }
  SL_ASSIGN(const LstmSizes sizes, CheckLstm(context, input.shape[0], input.shape[1]));
  context.SetOutput(0, input.dtype, Shape{sizes.batch, sizes.output});
  return {};
}

Status Reference(const OpContext& context, std::span<const ConstTensorView> inputs,
                 std::span<const TensorView> outputs) {
  static const LstmAttrs kDefaults;
  const auto& attrs = context.node().attrs == nullptr ? kDefaults : context.attrs<LstmAttrs>();
  const Shape& shape = inputs[0].shape;
  SL_ASSIGN(const LstmSizes sizes, CheckLstm(context, shape[0], shape[1]));
  if (inputs[0].dtype == DType::kInt8) {
    return RunIntLstm(context, attrs, sizes, inputs, static_cast<int8_t*>(outputs[0].data), 1, 0, 1);
  }
  return RunLstm(attrs, sizes, inputs, static_cast<float*>(outputs[0].data), 1, 0, 1);
}

}  // namespace

extern const OpDef lstm_op;
const OpDef lstm_op{
    .name = "LSTM",
    .tflite_code = 16,
    .max_inputs = 24,
    .read = Read,
    .infer = Infer,
    .reference = Reference,
};

}  // namespace safelight
