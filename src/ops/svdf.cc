// SPDX-License-Identifier: Apache-2.0
//
// SVDF: each filter remembers its last outputs and weighs them over time; `rank` filters add up to one unit.
//
// Inputs: x, feature weights (filters x features), time weights (filters x memory), bias (may be left out), state. The
// state is a variable: a run starts from its constant (zeros where there is none) and leaves it alone.
#include "ops/support/quantized.h"
#include "ops/support/recurrent.h"

namespace safelight {
namespace {

struct SvdfAttrs : OpAttrs {
  int64_t rank = 1;
  int64_t activation = 0;
};

Result<std::shared_ptr<const OpAttrs>> Read(const AttrReader& reader) {
  auto attrs = std::make_shared<SvdfAttrs>();
  attrs->rank = reader.Int(0, 0);
  attrs->activation = reader.Int(1, 0);
  if (attrs->rank < 1) return InvalidArgument("rank ", attrs->rank, ", must be at least 1");
  if (ActivationFunction(attrs->activation) == nullptr) return Unsupported("activation ", attrs->activation);
  return std::shared_ptr<const OpAttrs>(std::move(attrs));
}

Status Infer(InferContext& context) {
  if (context.num_inputs() != 5) return InvalidArgument(context.num_inputs(), " inputs, must be 5");
  if (context.node().attrs == nullptr) return InvalidArgument("options are missing: rank 0, must be at least 1");
  const int64_t rank = context.attrs<SvdfAttrs>().rank;
  for (int i = 0; i < 3; ++i) {
    if (context.input(i).shape.rank() != 2) {
      return InvalidArgument("input ", i, " has shape ", context.input(i).shape.ToString(), ", must have 2 dimensions");
    }
  }
  const Shape& x = context.input(0).shape;
  const Shape& features = context.input(1).shape;
  const Shape& times = context.input(2).shape;
  if (features[1] != x[1] || times[0] != features[0] || times[1] < 1 || features[0] % rank != 0) {
    return InvalidArgument("input ", x.ToString(), ", feature weights ", features.ToString(), " and time weights ",
                           times.ToString(), " of rank ", rank, " do not fit each other");
  }
  const int64_t units = features[0] / rank;
  if (context.has_input(3) && context.input(3).shape.elements() != units) {
    return InvalidArgument("bias of ", context.input(3).shape.elements(), " elements, must be ", units);
  }
  if (context.has_input(4) && context.input(4).shape != Shape{x[0], features[0] * times[1]}) {
    return InvalidArgument("state of shape ", context.input(4).shape.ToString(), ", must be ", x[0], "x",
                           features[0] * times[1]);
  }
  context.SetOutput(0, context.input(0).dtype, Shape{x[0], units});
  return {};
}

Result<Quantization> QuantOf(const OpContext& context, int input, DType dtype) {
  const Value& value = context.input(input);
  if (value.dtype == dtype) return QuantizationOf(value);
  return Unsupported("input ", input, " '", value.name, "' is ", DTypeName(value.dtype), ", must be ", DTypeName(dtype),
                     " beside int8 values");
}

int32_t Clamped(int64_t x, DType dtype) { return RangeOfType(dtype)(x); }

// int8 values with a state of int16: the newest place and the result are scaled, each with two roundings. Sums have
// 32 bits, modulo 2^32.
Status IntegerReference(const OpContext& context, std::span<const ConstTensorView> inputs,
                        std::span<const TensorView> outputs) {
  const auto& attrs = context.attrs<SvdfAttrs>();
  constexpr int64_t kRelu = 1;
  if (attrs.activation != kRelu) return Unsupported("activation ", attrs.activation, " of int8 values, must be RELU");
  if (!context.has_input(4)) return InvalidArgument("input 4, the state, is left out but needed for int8 values");
  SL_ASSIGN(const Quantization in, QuantOf(context, 0, DType::kInt8));
  SL_ASSIGN(const Quantization feature_scale, QuantOf(context, 1, DType::kInt8));
  SL_ASSIGN(const Quantization time_scale, QuantOf(context, 2, DType::kInt16));
  SL_ASSIGN(const Quantization state_scale, QuantOf(context, 4, DType::kInt16));
  SL_ASSIGN(const Quantization out_scale, QuantizationOf(context.output(0)));
  if (context.has_input(3) && context.input(3).dtype != DType::kInt32) {
    return Unsupported("bias '", context.input(3).name, "' is ", DTypeName(context.input(3).dtype), ", must be int32");
  }
  const auto real = [](const Quantization& q) { return static_cast<double>(q.scale); };
  const Multiplier newest_scale = MakeMultiplier(real(in) * real(feature_scale) / real(state_scale));
  const Multiplier result_scale = MakeMultiplier(real(state_scale) * real(time_scale) / real(out_scale));
  const int64_t width = inputs[0].shape[1], filters = inputs[1].shape[0], memory = inputs[2].shape[1];
  const auto* features = static_cast<const int8_t*>(inputs[1].data);
  const auto* times = static_cast<const int16_t*>(inputs[2].data);
  const auto* bias = static_cast<const int32_t*>(inputs[3].data);
  const auto* state = static_cast<const int16_t*>(inputs[4].data);
  auto* out = static_cast<int8_t*>(outputs[0].data);
  for (int64_t b = 0; b < inputs[0].shape[0]; ++b) {
    const int8_t* x = static_cast<const int8_t*>(inputs[0].data) + b * width;
    for (int64_t unit = 0; unit < filters / attrs.rank; ++unit) {
      uint32_t sum = bias == nullptr ? 0u : static_cast<uint32_t>(bias[unit]);
      for (int64_t f = unit * attrs.rank; f < (unit + 1) * attrs.rank; ++f) {
        uint32_t newest = 0;
        for (int64_t i = 0; i < width; ++i) {
          newest += static_cast<uint32_t>(features[f * width + i] * (x[i] - in.zero_point));
        }
        const int32_t held = Clamped(Scaled(static_cast<int32_t>(newest), newest_scale), DType::kInt16);
        // The state moves on by one place.
        for (int64_t t = 0; t + 1 < memory; ++t) {
          sum += static_cast<uint32_t>(times[f * memory + t] * state[(b * filters + f) * memory + t + 1]);
        }
        sum += static_cast<uint32_t>(times[(f + 1) * memory - 1] * held);
      }
      const int64_t scaled = int64_t{Scaled(static_cast<int32_t>(sum), result_scale)} + out_scale.zero_point;
      *out++ = static_cast<int8_t>(Clamped(scaled, DType::kInt8));
    }
  }
  return {};
}

Status Reference(const OpContext& context, std::span<const ConstTensorView> inputs,
                 std::span<const TensorView> outputs) {
  if (context.input(0).dtype == DType::kInt8) return IntegerReference(context, inputs, outputs);
  for (const ConstTensorView& input : inputs) {
    if (input.data != nullptr && input.dtype != DType::kFloat32) {
      return Unsupported(DTypeName(input.dtype), " arithmetic is not built yet");
    }
  }
  const auto& attrs = context.attrs<SvdfAttrs>();
  const int64_t width = inputs[0].shape[1], filters = inputs[1].shape[0], memory = inputs[2].shape[1];
  const float* bias = static_cast<const float*>(inputs[3].data);
  const float* state = static_cast<const float*>(inputs[4].data);
  const float* features = static_cast<const float*>(inputs[1].data);
  const float* times = static_cast<const float*>(inputs[2].data);
  const ScalarFunction activation = ActivationFunction(attrs.activation);
  float* out = static_cast<float*>(outputs[0].data);
  for (int64_t b = 0; b < inputs[0].shape[0]; ++b) {
    const float* x = static_cast<const float*>(inputs[0].data) + b * width;
    for (int64_t unit = 0; unit < filters / attrs.rank; ++unit) {
      float sum = bias == nullptr ? 0.0f : bias[unit];
      for (int64_t f = unit * attrs.rank; f < (unit + 1) * attrs.rank; ++f) {
        // The newest place of the memory holds what the filter makes of x; the others are the state's.
        float newest = 0, weighed = 0;
        for (int64_t i = 0; i < width; ++i) newest += features[f * width + i] * x[i];
        for (int64_t t = 0; t < memory; ++t) {
          const float held = t == memory - 1 ? newest : state == nullptr ? 0.0f : state[(b * filters + f) * memory + t];
          weighed += times[f * memory + t] * held;
        }
        sum += weighed;
      }
      *out++ = activation(sum);
    }
  }
  return {};
}

}  // namespace

extern const OpDef svdf_op;
const OpDef svdf_op{
    .name = "SVDF",
    .tflite_code = 27,
    .min_inputs = 3,
    .max_inputs = 5,
    .read = Read,
    .infer = Infer,
    .reference = Reference,
};

}  // namespace safelight
