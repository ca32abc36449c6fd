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
    out[i] = static_cast<float>(params.in_scale *
                                (static_cast<double>(in[i * run.step[0]]) - static_cast<double>(params.in_zero_point)));
  }
  return true;
}

// The same in vectors: products of a float32 and 18 bits, rounded once.
template <typename T>
bool RunVectors(const ElementRun& run, const ElementParams& params) {
  const int64_t zero = params.in_zero_point;
  if (run.step[0] == 0 || zero < -(1 << 16) || zero > 1 << 16) return Run<T>(run, params);
  kernels::RunIntDequantize(static_cast<float>(params.in_scale), static_cast<int32_t>(zero),
                            reinterpret_cast<const T*>(run.in[0]), run.count, reinterpret_cast<float*>(run.out));
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
    case DType::kInt8: return RunVectors<int8_t>;
    case DType::kUInt8: return RunVectors<uint8_t>;
    case DType::kInt16: return RunVectors<int16_t>;
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

// Slice by slice along the quantized axis, each with its own scale.
class PerAxisKernel : public Kernel {
 public:
  PerAxisKernel(const ElementFunction& function, const QuantParams& quant) : function_(function), quant_(quant) {}
  Status Run(const KernelArgs& args) const override {
    ElementFunction function = function_;
    KernelArgs slice = args;
    const Range range = args.box.axis[quant_.axis];
    for (int64_t i = range.begin; i < range.end; ++i) {
      slice.box.axis[quant_.axis] = {i, i + 1};
      function.params.in_scale = quant_.scales[static_cast<size_t>(i)];
      function.params.in_zero_point = quant_.zero_points[static_cast<size_t>(i)];
      SL_TRY(RunElements(function, slice));
    }
    return {};
  }

 private:
  const ElementFunction function_;
  const QuantParams quant_;
};

Result<std::unique_ptr<Kernel>> Prepare(const OpContext& context, const PrepareOptions&) {
  const Value& in = context.input(0);
  const int64_t scales = static_cast<int64_t>(in.quant.scales.size());
  if (scales < 2 || in.dtype == DType::kFloat16) return PrepareElements(Choose, context);
  // The size may have changed since the file was read.
  if (in.quant.axis >= in.shape.rank() || in.shape[in.quant.axis] != scales) {
    return InvalidArgument("'", in.name, "' has ", scales, " scales along axis ", in.quant.axis, " of shape ",
                           in.shape.ToString());
  }
  SL_ASSIGN(const ElementFunction function, Choose(context, /*plain=*/false));
  return std::unique_ptr<Kernel>(std::make_unique<PerAxisKernel>(function, in.quant));
}

Status Reference(const OpContext& context, std::span<const ConstTensorView> inputs,
                 std::span<const TensorView> outputs) {
  SL_ASSIGN(const std::unique_ptr<Kernel> kernel, Prepare(context, {}));
  const Window in = WholeWindow(inputs[0].dtype, inputs[0].shape, const_cast<void*>(inputs[0].data));
  const Window out = WholeWindow(outputs[0].dtype, outputs[0].shape, outputs[0].data);
  return kernel->Run({{&in, 1}, {&out, 1}, WholeBox(out.shape), nullptr});
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
