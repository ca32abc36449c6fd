// SPDX-License-Identifier: Apache-2.0
//
// DEQUANTIZE: integers or float16 to float32, real = scale * (stored - zero_point), with one scale
// for the tensor or one per index of an axis.
#include "base/half.h"
#include "ops/support/elementwise.h"

namespace safelight {
namespace {

Status Infer(InferContext& context) {
  context.SetOutput(0, DType::kFloat32, context.input(0).shape);
  return {};
}

template <typename T>
bool Run(const ElementRun& run, const ElementParams& params) {
  const T* in = reinterpret_cast<const T*>(run.in[0]);
  float* out = reinterpret_cast<float*>(run.out);
  for (size_t i = 0; i < run.count; ++i) {
    out[i] = static_cast<float>(params.in_scale * static_cast<double>(in[i * run.step[0]] - params.in_zero_point));
  }
  return true;
}

bool RunHalf(const ElementRun& run, const ElementParams&) {
  const uint16_t* in = reinterpret_cast<const uint16_t*>(run.in[0]);
  float* out = reinterpret_cast<float*>(run.out);
  for (size_t i = 0; i < run.count; ++i) out[i] = HalfToFloat(in[i * run.step[0]]);
  return true;
}

ElementRunFunction FindRun(DType dtype) {
  switch (dtype) {
    case DType::kInt8: return Run<int8_t>;
    case DType::kUInt8: return Run<uint8_t>;
    case DType::kInt16: return Run<int16_t>;
    case DType::kInt32: return Run<int32_t>;
    default: return nullptr;
  }
}

Result<ElementFunction> Choose(const OpContext& context, bool) {
  const Value& in = context.input(0);
  ElementFunction function;
  if (in.dtype == DType::kFloat16) {
    function.run = RunHalf;
    return function;
  }
  function.run = FindRun(in.dtype);
  if (function.run == nullptr) return Unsupported("from ", DTypeName(in.dtype), " is not built");
  if (in.quant.empty()) return InvalidArgument("'", in.name, "' has no scale");
  function.params.in_scale = in.quant.scales[0];
  function.params.in_zero_point = in.quant.zero_points[0];
  return function;
}

bool PerAxis(const OpContext& context) { return context.input(0).quant.scales.size() > 1; }

// Slice by slice along the quantized axis, each with its own scale.
Status RunPerAxis(const OpContext& context, const KernelArgs& args) {
  SL_ASSIGN(ElementFunction function, Choose(context, true));
  const QuantParams& quant = context.input(0).quant;
  KernelArgs slice = args;
  for (int64_t i = args.box.axis[quant.axis].begin; i < args.box.axis[quant.axis].end; ++i) {
    slice.box.axis[quant.axis] = {i, i + 1};
    function.params.in_scale = quant.scales[static_cast<size_t>(i)];
    function.params.in_zero_point = quant.zero_points[static_cast<size_t>(i)];
    SL_TRY(RunElements(function, slice));
  }
  return {};
}

Status Reference(const OpContext& context, std::span<const ConstTensorView> inputs, std::span<const TensorView> outputs) {
  if (!PerAxis(context)) return ElementReference(Choose, context, inputs, outputs);
  const Window in = WholeWindow(inputs[0].dtype, inputs[0].shape, const_cast<void*>(inputs[0].data));
  const Window out = WholeWindow(outputs[0].dtype, outputs[0].shape, outputs[0].data);
  if (out.shape.elements() == 0) return {};
  return RunPerAxis(context, {{&in, 1}, {&out, 1}, WholeBox(out.shape), nullptr});
}

// Weights with a scale per channel are constants and were folded; a computed one takes the reference.
Result<std::unique_ptr<Kernel>> Prepare(const OpContext& context, const PrepareOptions&) {
  if (PerAxis(context)) return Unsupported("a computed value with a scale per channel is not built yet");
  return PrepareElements(Choose, context);
}

}  // namespace

extern const OpDef dequantize_op;
const OpDef dequantize_op{
    .name = "DEQUANTIZE",
    .tflite_code = 6,
    .infer = Infer,
    .axes = ElementAxes,
    .reference = Reference,
    .prepare = Prepare,
};

}  // namespace safelight
