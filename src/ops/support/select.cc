// SPDX-License-Identifier: Apache-2.0
#include "ops/support/select.h"

namespace safelight {
namespace {

template <typename T>
bool Run(const ElementRun& run, const ElementParams&) {
  const uint8_t* condition = reinterpret_cast<const uint8_t*>(run.in[0]);
  const T* a = reinterpret_cast<const T*>(run.in[1]);
  const T* b = reinterpret_cast<const T*>(run.in[2]);
  T* out = reinterpret_cast<T*>(run.out);
  for (size_t i = 0; i < run.count; ++i) {
    out[i] = condition[i * run.step[0]] != 0 ? a[i * run.step[1]] : b[i * run.step[2]];
  }
  return true;
}

Result<ElementFunction> Choose(const OpContext& context) {
  switch (DTypeSize(context.output(0).dtype)) {
    case 1: return ElementFunction{Run<uint8_t>, {}};
    case 2: return ElementFunction{Run<uint16_t>, {}};
    case 4: return ElementFunction{Run<uint32_t>, {}};
    case 8: return ElementFunction{Run<uint64_t>, {}};
    default: return UnsupportedElementType(context);
  }
}

constexpr int kSelectCode = 64;  // BuiltinOperator of SELECT; SELECT_V2 has no such rule

// True when the condition names slices along axis 0 of a taller operand.
bool BySlices(const OpContext& context) {
  const Shape& condition = context.input(0).shape;
  const Shape& out = context.output(0).shape;
  return context.node().op->tflite_code == kSelectCode && condition.rank() == 1 && out.rank() > 1 &&
         condition[0] == out[0] && context.input(1).shape == out && context.input(2).shape == out;
}

// The condition of a selection by slices as a value of the output's rank.
Window SliceCondition(const Window& condition, int rank) {
  Window window = condition;
  window.shape = Shape();
  for (int axis = 0; axis < rank; ++axis) {
    window.shape.push_back(axis == 0 ? condition.shape[0] : 1);
    window.strides[axis] = 1;
  }
  return window;
}

class SelectKernel : public Kernel {
 public:
  SelectKernel(const ElementFunction& function, bool by_slices) : function_(function), by_slices_(by_slices) {}
  Status Run(const KernelArgs& args) const override {
    if (!by_slices_) return RunElements(function_, args);
    const Window inputs[] = {SliceCondition(args.inputs[0], args.outputs[0].shape.rank()), args.inputs[1],
                             args.inputs[2]};
    return RunElements(function_, {inputs, args.outputs, args.box, args.scratch});
  }

 private:
  const ElementFunction function_;
  const bool by_slices_;
};

}  // namespace

Status InferSelect(InferContext& context, SelectRule rule) {
  const Value &condition = context.input(0), &a = context.input(1), &b = context.input(2);
  if (condition.dtype != DType::kBool)
    return InvalidArgument("the condition is ", DTypeName(condition.dtype), ", must be bool");
  if (a.dtype != b.dtype) return InvalidArgument("operands are ", DTypeName(a.dtype), " and ", DTypeName(b.dtype));
  const bool slices = rule == SelectRule::kSlices && condition.shape.rank() == 1 && a.shape.rank() > 1 &&
                      a.shape == b.shape && condition.shape[0] == a.shape[0];
  if (slices) {
    context.SetOutput(0, a.dtype, a.shape);
    return {};
  }
  SL_ASSIGN(const Shape shape, BroadcastShape(context));
  context.SetOutput(0, a.dtype, shape);
  return {};
}

std::vector<AxisRule> SelectAxes(const OpContext& context, int out_axis) {
  std::vector<AxisRule> rules = ElementAxes(context, out_axis);
  if (BySlices(context)) {
    rules[0] = out_axis == 0 ? AxisRule::Same(0, context.input(0).shape[0]) : AxisRule::All();
  }
  return rules;
}

Result<std::unique_ptr<Kernel>> PrepareSelect(const OpContext& context, const PrepareOptions&) {
  SL_ASSIGN(const ElementFunction function, Choose(context));
  return std::unique_ptr<Kernel>(std::make_unique<SelectKernel>(function, BySlices(context)));
}

Status SelectReference(const OpContext& context, std::span<const ConstTensorView> inputs,
                       std::span<const TensorView> outputs) {
  SL_ASSIGN(const std::unique_ptr<Kernel> kernel, PrepareSelect(context, {}));
  Window in[3];
  for (int k = 0; k < 3; ++k) in[k] = WholeWindow(inputs[k].dtype, inputs[k].shape, const_cast<void*>(inputs[k].data));
  const Window out = WholeWindow(outputs[0].dtype, outputs[0].shape, outputs[0].data);
  return kernel->Run({in, {&out, 1}, WholeBox(out.shape), nullptr});
}

}  // namespace safelight
