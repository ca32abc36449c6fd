// SPDX-License-Identifier: Apache-2.0
//
// CONV_3D: a convolution over depth, height and width: n d h w c times kd kh kw c o. Whole tensors only, in plain
// loops.
#include <algorithm>

#include "graph/op_def.h"
#include "ops/support/clamped.h"
#include "ops/support/product.h"

namespace safelight {
namespace {

struct Conv3dAttrs : ClampedAs<Conv3dAttrs> {
  bool same = true;
  int64_t stride[3] = {1, 1, 1};  // of depth, height, width
  int64_t dilation[3] = {1, 1, 1};
};

constexpr const char* kAxisNames[3] = {"depth", "height", "width"};

Result<std::shared_ptr<const OpAttrs>> Read(const AttrReader& reader) {
  auto attrs = std::make_shared<Conv3dAttrs>();
  const int64_t padding = reader.Int(0, 0);
  if (padding != 0 && padding != 1) return CorruptData("padding ", padding, ", must be 0 (SAME) or 1 (VALID)");
  attrs->same = padding == 0;
  // The file lists width before height.
  constexpr int kStrideSlots[3] = {1, 3, 2};
  constexpr int kDilationSlots[3] = {5, 7, 6};
  for (int i = 0; i < 3; ++i) {
    attrs->stride[i] = reader.Int(kStrideSlots[i], 0);
    attrs->dilation[i] = reader.Int(kDilationSlots[i], 1);
    if (attrs->stride[i] < 1) {
      return InvalidArgument("stride ", attrs->stride[i], " of ", kAxisNames[i], ", must be at least 1");
    }
    if (attrs->dilation[i] < 1) {
      return InvalidArgument("dilation ", attrs->dilation[i], " of ", kAxisNames[i], ", must be at least 1");
    }
  }
  SL_ASSIGN(attrs->clamp, ClampOfActivation(reader.Int(4, 0)));
  return std::shared_ptr<const OpAttrs>(std::move(attrs));
}

// One axis of the window: what the output's size and the first tap's place are.
struct AxisPlan {
  int64_t out = 0;
  int64_t pad = 0;
};

Result<AxisPlan> PlanAxis(const OpContext& context, int i) {
  const auto& attrs = context.attrs<Conv3dAttrs>();
  const int64_t in = context.input(0).shape[i + 1], taps = context.input(1).shape[i];
  const int64_t stride = attrs.stride[i];
  if (taps < 1) return InvalidArgument("a kernel without ", kAxisNames[i]);
  int64_t extent = 0, reach = 0;
  if (__builtin_mul_overflow(taps - 1, attrs.dilation[i], &extent) || __builtin_add_overflow(extent, 1, &extent) ||
      extent >= int64_t{1} << 40) {
    return ResourceLimit("a kernel of ", taps, " with dilation ", attrs.dilation[i], " along ", kAxisNames[i]);
  }
  AxisPlan plan;
  plan.out = attrs.same ? in / stride + (in % stride != 0) : in < extent ? 0 : (in - extent) / stride + 1;
  if (!attrs.same && plan.out == 0 && in > 0) {
    return InvalidArgument("the kernel spans ", extent, " of ", kAxisNames[i], ", the input has ", in);
  }
  if (plan.out == 0) return plan;
  if (__builtin_mul_overflow(plan.out - 1, stride, &reach)) {
    return ResourceLimit("stride ", stride, " along ", kAxisNames[i]);
  }
  plan.pad = std::max<int64_t>(0, reach + extent - in) / 2;
  return plan;
}

Status Infer(InferContext& context) {
  const Value& input = context.input(0);
  const Value& filter = context.input(1);
  if (context.node().attrs == nullptr) return InvalidArgument("options are missing: stride 0, must be at least 1");
  if (input.shape.rank() != 5 || filter.shape.rank() != 5) {
    return InvalidArgument("input of shape ", input.shape.ToString(), " and filter of shape ", filter.shape.ToString(),
                           ", both must have 5 dimensions");
  }
  if (input.shape[4] != filter.shape[3]) {
    return InvalidArgument("input of ", input.shape[4], " channels, the filter takes ", filter.shape[3]);
  }
  if (input.dtype != DType::kFloat32 || filter.dtype != DType::kFloat32) {
    return Unsupported(DTypeName(input.dtype), " input and ", DTypeName(filter.dtype), " filter, both must be float32");
  }
  if (context.has_input(2) &&
      (context.input(2).shape.elements() != filter.shape[4] || context.input(2).dtype != DType::kFloat32)) {
    return InvalidArgument("bias of shape ", context.input(2).shape.ToString(), ", must be ", filter.shape[4],
                           " float32");
  }
  Shape shape{input.shape[0]};
  for (int i = 0; i < 3; ++i) {
    SL_ASSIGN(const AxisPlan plan, PlanAxis(context, i));
    shape.push_back(plan.out);
  }
  shape.push_back(filter.shape[4]);
  context.SetOutput(0, DType::kFloat32, shape);
  return {};
}

Cost CostOf(const OpContext& context) {
  const Shape& filter = context.input(1).shape;
  return {.macs = context.output(0).shape.elements() * filter.Product(0, 4), .weight_bytes = filter.elements() * 4};
}

// Sums of one output position into sums[0 .. channels).
void AddTaps(const Conv3dAttrs& attrs, const ConstTensorView& input, const ConstTensorView& filter, int64_t n,
             const int64_t* origin, float* sums) {
  const Shape& in = input.shape;
  const Shape& taps = filter.shape;
  const float* weights = static_cast<const float*>(filter.data);
  for (int64_t kd = 0; kd < taps[0]; ++kd) {
    const int64_t d = origin[0] + kd * attrs.dilation[0];
    for (int64_t kh = 0; kh < taps[1]; ++kh) {
      const int64_t h = origin[1] + kh * attrs.dilation[1];
      for (int64_t kw = 0; kw < taps[2]; ++kw) {
        const int64_t w = origin[2] + kw * attrs.dilation[2];
        const bool inside = d >= 0 && d < in[1] && h >= 0 && h < in[2] && w >= 0 && w < in[3];
        if (!inside) continue;
        const float* x = static_cast<const float*>(input.data) + (((n * in[1] + d) * in[2] + h) * in[3] + w) * in[4];
        const float* row = weights + ((kd * taps[1] + kh) * taps[2] + kw) * taps[3] * taps[4];
        for (int64_t c = 0; c < taps[3]; ++c) {
          for (int64_t o = 0; o < taps[4]; ++o) sums[o] += x[c] * row[c * taps[4] + o];
        }
      }
    }
  }
}

Status Reference(const OpContext& context, std::span<const ConstTensorView> inputs,
                 std::span<const TensorView> outputs) {
  const auto& attrs = context.attrs<Conv3dAttrs>();
  const float* bias = inputs.size() > 2 ? static_cast<const float*>(inputs[2].data) : nullptr;
  const Shape& shape = outputs[0].shape;
  int64_t pad[3];
  for (int i = 0; i < 3; ++i) {
    SL_ASSIGN(const AxisPlan plan, PlanAxis(context, i));
    pad[i] = plan.pad;
  }
  float* out = static_cast<float*>(outputs[0].data);
  const int64_t positions = shape.elements() == 0 ? 0 : shape.Product(0, 4);
  for (int64_t i = 0; i < positions; ++i, out += shape[4]) {
    const int64_t w = i % shape[3], h = i / shape[3] % shape[2], d = i / shape[3] / shape[2] % shape[1];
    const int64_t origin[3] = {d * attrs.stride[0] - pad[0], h * attrs.stride[1] - pad[1],
                               w * attrs.stride[2] - pad[2]};
    std::fill_n(out, shape[4], 0.0f);
    AddTaps(attrs, inputs[0], inputs[1], i / shape.Product(1, 4), origin, out);
    for (int64_t o = 0; o < shape[4]; ++o) out[o] = attrs.clamp(out[o] + (bias == nullptr ? 0.0f : bias[o]));
  }
  return {};
}

}  // namespace

extern const OpDef conv_3d_op;
const OpDef conv_3d_op{
    .name = "CONV_3D",
    .tflite_code = 132,
    .min_inputs = 2,
    .max_inputs = 3,
    .read = Read,
    .infer = Infer,
    .cost = CostOf,
    .reference = Reference,
};

}  // namespace safelight
