// SPDX-License-Identifier: Apache-2.0
//
// CONCATENATION: the inputs one after another along an axis.
#include <algorithm>
#include <cmath>

#include "ops/support/function_kernel.h"
#include "ops/support/join.h"
#include "ops/support/quantized.h"

namespace safelight {
namespace {

struct Attrs : OpAttrs {
  int64_t axis = 0;
};

Result<std::shared_ptr<const OpAttrs>> Read(const AttrReader& reader) {
  auto attrs = std::make_shared<Attrs>();
  attrs->axis = reader.Int(0, 0);
  if (reader.Int(1, 0) != 0) return Unsupported("a fused activation, must be none");
  return std::shared_ptr<const OpAttrs>(std::move(attrs));
}

Status Infer(InferContext& context) {
  Shape shape = context.input(0).shape;
  SL_ASSIGN(const int axis, NormalizeAxis(context.attrs<Attrs>().axis, shape.rank()));
  for (int k = 1; k < context.num_inputs(); ++k) {
    const Value& value = context.input(k);
    Shape other = value.shape;
    if (value.dtype != context.input(0).dtype || other.rank() != shape.rank()) {
      return InvalidArgument("input ", k, " is ", DTypeName(value.dtype), " ", other.ToString(), ", input 0 is ",
                             DTypeName(context.input(0).dtype), " ", context.input(0).shape.ToString());
    }
    const int64_t size = other[axis];
    other[axis] = shape[axis];
    if (!(other == shape)) {
      return InvalidArgument("input ", k, " has shape ", value.shape.ToString(), ", input 0 ",
                             context.input(0).shape.ToString(), "; they may differ along axis ", axis, " only");
    }
    shape[axis] += size;
  }
  context.SetOutput(0, context.input(0).dtype, shape);
  return {};
}

std::vector<AxisRule> Axes(const OpContext& context, int out_axis) {
  const int axis = *NormalizeAxis(context.attrs<Attrs>().axis, context.output(0).shape.rank());
  std::vector<AxisRule> rules;
  int64_t begin = 0;
  for (int k = 0; k < context.num_inputs(); ++k) {
    const int64_t size = context.input(k).shape[out_axis];
    rules.push_back(out_axis == axis ? AxisRule::Window(axis, size, 1, -begin, 1) : AxisRule::Same(out_axis, size));
    begin += size;
  }
  return rules;
}

JoinPlan Plan(const OpContext& context) {
  const Shape& out = context.output(0).shape;
  JoinPlan plan;
  plan.axis = *NormalizeAxis(context.attrs<Attrs>().axis, out.rank());
  int64_t begin = 0;
  for (int k = 0; k < context.num_inputs(); ++k) {
    const Shape& in = context.input(k).shape;
    JoinPart part{k, {begin, begin + in[plan.axis]}, {}};
    for (int axis = 0; axis < out.rank(); ++axis) {
      // Indices outside the part's range are never looked at.
      part.plan.axes.push_back(MoveSlice(axis, axis == plan.axis ? -begin : 0, 1, out[axis]));
    }
    begin = part.range.end;
    plan.parts.push_back(std::move(part));
  }
  return plan;
}

// What each input of uint8 becomes where its scale is not the output's, for every number there is.
struct Rescale {
  bool needed = false;
  uint8_t stored[256] = {};
};

Rescale MakeRescale(const Quantization& from, const Quantization& to) {
  const float scale = from.scale * (1.0f / to.scale), bias = static_cast<float>(-from.zero_point) * scale;
  Rescale rescale{.needed = true};
  for (int x = 0; x < 256; ++x) {
    const float value = std::round(static_cast<float>(x) * scale + bias) + static_cast<float>(to.zero_point);
    rescale.stored[x] = static_cast<uint8_t>(std::clamp(value, 0.0f, 255.0f));
  }
  return rescale;
}

bool SameQuantization(const Value& a, const Value& b) {
  return a.quant.scales == b.quant.scales && a.quant.zero_points == b.quant.zero_points;
}

// Only uint8 may differ, as in TFLite.
Result<std::vector<Rescale>> FindRescales(const OpContext& context) {
  std::vector<Rescale> rescales(static_cast<size_t>(context.num_inputs()));
  const Value& out = context.output(0);
  for (int k = 0; k < context.num_inputs(); ++k) {
    const Value& in = context.input(k);
    if (!IsQuantizedType(in.dtype) || in.quant.empty() || out.quant.empty() || SameQuantization(in, out)) continue;
    if (in.dtype != DType::kUInt8) {
      return InvalidArgument("input ", k, " '", in.name, "' has another scale or zero point than the output '",
                             out.name, "'");
    }
    SL_ASSIGN(const Quantization from, QuantizationOf(in));
    SL_ASSIGN(const Quantization to, QuantizationOf(out));
    rescales[static_cast<size_t>(k)] = MakeRescale(from, to);
  }
  return rescales;
}

// Where nothing is rescaled, the inputs are what the output is made of.
int JoinedAxis(const OpContext& context) {
  const Result<std::vector<Rescale>> rescales = FindRescales(context);
  const auto needed = [](const Rescale& rescale) { return rescale.needed; };
  if (!rescales.ok() || std::any_of(rescales->begin(), rescales->end(), needed)) return kNone;
  return *NormalizeAxis(context.attrs<Attrs>().axis, context.output(0).shape.rank());
}

// Rescales in place what was moved to `box` of the output.
void RunRescale(const Rescale& by, const Window& out, const Range* box, int axis, int64_t offset) {
  const int last = out.shape.rank() - 1;
  for (int64_t i = box[axis].begin; i < box[axis].end; ++i) {
    const int64_t at = offset + out.Offset(axis, i);
    if (axis < last) {
      RunRescale(by, out, box, axis + 1, at);
    } else {
      uint8_t* const stored = out.at<uint8_t>(at);
      *stored = by.stored[*stored];
    }
  }
}

Result<std::unique_ptr<Kernel>> MakeKernel(const OpContext& context) {
  SL_TRY(CheckMovable(context));
  SL_ASSIGN(std::vector<Rescale> rescales, FindRescales(context));
  const bool needed = std::any_of(rescales.begin(), rescales.end(), [](const Rescale& r) { return r.needed; });
  if (!needed) return MakeJoinKernel(Plan(context));
  return MakeFunctionKernel([plan = Plan(context), rescales = std::move(rescales)](const KernelArgs& args) {
    RunJoin(plan, args);
    for (const JoinPart& part : plan.parts) {
      const Rescale& by = rescales[static_cast<size_t>(part.input)];
      Box box = args.box;
      Range& range = box.axis[plan.axis];
      range = {std::max(range.begin, part.range.begin), std::min(range.end, part.range.end)};
      if (by.needed && !range.empty()) RunRescale(by, args.outputs[0], box.axis, 0, 0);
    }
  });
}

Status Reference(const OpContext& context, std::span<const ConstTensorView> inputs,
                 std::span<const TensorView> outputs) {
  SL_ASSIGN(const std::unique_ptr<Kernel> kernel, MakeKernel(context));
  if (outputs[0].shape.elements() == 0) return {};
  return RunWhole(*kernel, inputs, outputs);
}

Result<std::unique_ptr<Kernel>> Prepare(const OpContext& context, const PrepareOptions&) { return MakeKernel(context); }

}  // namespace

extern const OpDef concatenation_op;
const OpDef concatenation_op{
    .name = "CONCATENATION",
    .tflite_code = 2,
    .min_inputs = 1,
    .max_inputs = OpDef::kVariadic,
    .read = Read,
    .infer = Infer,
    .axes = Axes,
    .reference = Reference,
    .prepare = Prepare,
    .joined_axis = JoinedAxis,
};

}  // namespace safelight
