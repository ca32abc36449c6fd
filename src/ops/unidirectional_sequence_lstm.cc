// SPDX-License-Identifier: Apache-2.0
//
// UNIDIRECTIONAL_SEQUENCE_LSTM: the full cell (see ops/support/recurrent.h) over all steps of a sequence, which is
// batch x time x features, or time x batch x features where time_major. Whole tensors only.
#include "ops/support/int_recurrent.h"

namespace safelight {
namespace {

Result<std::shared_ptr<const OpAttrs>> Read(const AttrReader& reader) {
  auto attrs = std::make_shared<LstmAttrs>();
  attrs->activation = reader.Int(0, 0);
  attrs->cell_clip = reader.Float(1, 0.0f);
  attrs->proj_clip = reader.Float(2, 0.0f);
  attrs->time_major = reader.Bool(3, false);
  if (ActivationFunction(attrs->activation) == nullptr) return Unsupported("activation ", attrs->activation);
  if (!(attrs->cell_clip >= 0) || !(attrs->proj_clip >= 0)) {
    return InvalidArgument("clips ", attrs->cell_clip, " and ", attrs->proj_clip, ", must be at least 0");
  }
  if (reader.Bool(5, false)) return Unsupported("recurrent weights stored as diagonals");
  return std::shared_ptr<const OpAttrs>(std::move(attrs));
}

const LstmAttrs& Attrs(const OpContext& context) {
  static const LstmAttrs kDefaults;
  return context.node().attrs == nullptr ? kDefaults : context.attrs<LstmAttrs>();
}

Result<LstmSizes> Sizes(const OpContext& context) {
  const Shape& shape = context.input(0).shape;
  return CheckLstm(context, shape[Attrs(context).time_major ? 1 : 0], shape[2]);
}

Status Infer(InferContext& context) {
  const Value& input = context.input(0);
  if (input.shape.rank() != 3) {
    return InvalidArgument("input of shape ", input.shape.ToString(), ", must have 3 dimensions");
  }
  SL_ASSIGN(const LstmSizes sizes, Sizes(context));
  context.SetOutput(0, input.dtype, Shape{input.shape[0], input.shape[1], sizes.output});
  return {};
}

Status Reference(const OpContext& context, std::span<const ConstTensorView> inputs,
                 std::span<const TensorView> outputs) {
  SL_ASSIGN(const LstmSizes sizes, Sizes(context));
  const Shape& shape = inputs[0].shape;
  const bool time_major = Attrs(context).time_major;
  const int64_t steps = shape[time_major ? 0 : 1];
  const int64_t step_stride = time_major ? sizes.batch : 1, batch_stride = time_major ? 1 : steps;
  if (inputs[0].dtype == DType::kInt8) {
    return RunIntLstm(context, Attrs(context), sizes, inputs, static_cast<int8_t*>(outputs[0].data), steps, step_stride,
                      batch_stride);
  }
  return RunLstm(Attrs(context), sizes, inputs, static_cast<float*>(outputs[0].data), steps, step_stride, batch_stride);
}

}  // namespace

extern const OpDef unidirectional_sequence_lstm_op;
const OpDef unidirectional_sequence_lstm_op{
    .name = "UNIDIRECTIONAL_SEQUENCE_LSTM",
    .tflite_code = 44,
    .max_inputs = 24,
    .read = Read,
    .infer = Infer,
    .reference = Reference,
};

}  // namespace safelight
