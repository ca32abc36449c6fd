// SPDX-License-Identifier: Apache-2.0
//
// DEPTHWISE_CONV_2D: every input channel with its own filters, `multiplier` outputs each. Passes may add a tail
// (support/tail.h).
#include <algorithm>

#include "ops/support/depthwise.h"
#include "ops/support/dynamic.h"
#include "ops/support/int_conv.h"

namespace safelight {
namespace {

Result<std::shared_ptr<const OpAttrs>> Read(const AttrReader& reader) {
  return ReadSliding(reader, {.padding = 0,
                              .stride_w = 1,
                              .stride_h = 2,
                              .activation = 4,
                              .dilation_w = 5,
                              .dilation_h = 6,
                              .filter_w = -1,
                              .filter_h = -1,
                              .multiplier = 3});
}

Sliding SlidingOf(const OpContext& context) {
  const Shape& filter = context.input(1).shape;
  return *MakeSliding(context.input(0).shape, filter[1], filter[2], context.attrs<SlidingAttrs>());
}

// The option is often 0 or stale in files; the shapes decide, as in TFLite.
Status Infer(InferContext& context) {
  SL_TRY(CheckPicture(context, 0));
  SL_TRY(CheckPicture(context, 1));
  const Shape &in = context.input(0).shape, &filter = context.input(1).shape;
  if (filter[0] != 1 || in[3] < 1 || filter[3] < 1 || filter[3] % in[3] != 0) {
    return InvalidArgument("filter of shape ", filter.ToString(), ", must be 1 h w and a multiple of the input's ",
                           in[3], " channels");
  }
  SL_TRY(CheckBias(context, 2, filter[3]));
  SL_ASSIGN(const Sliding sliding, MakeSliding(in, filter[1], filter[2], context.attrs<SlidingAttrs>()));
  context.SetOutput(0, context.input(0).dtype, {in[0], sliding.rows.out, sliding.columns.out, filter[3]});
  return CheckTail(context, context.attrs<SlidingAttrs>().tail, 3);
}

std::vector<AxisRule> Axes(const OpContext& context, int out_axis) {
  if (out_axis > 2) return {};
  const Sliding sliding = SlidingOf(context);
  std::vector<AxisRule> rules(static_cast<size_t>(context.num_inputs()), AxisRule::All());
  rules[0] = out_axis == 0   ? AxisRule::Same(0, context.input(0).shape[0])
             : out_axis == 1 ? sliding.rows.Rule(1)
                             : sliding.columns.Rule(2);
  SetTailRules(context, context.attrs<SlidingAttrs>().tail, out_axis, &rules);
  return rules;
}

Cost DepthwiseCost(const OpContext& context) {
  const Shape &out = context.output(0).shape, &filter = context.input(1).shape;
  Cost cost;
  cost.macs = out.elements() * filter[1] * filter[2];
  cost.weight_bytes = TensorBytes(context.input(1).dtype, filter);
  return cost;
}

Status Reference(const OpContext& context, std::span<const ConstTensorView> inputs,
                 std::span<const TensorView> outputs) {
  if (IsDynamic(context)) {
    return WholeDynamicConvReference(context, /*depthwise=*/true, SlidingOf(context), inputs, outputs);
  }
  if (IsIntConv(context)) return IntConvReference(context, /*depthwise=*/true, SlidingOf(context), inputs, outputs);
  const Sliding s = SlidingOf(context);
  std::vector<Window> windows;
  for (const ConstTensorView& view : inputs) {
    windows.push_back(WholeWindow(view.dtype, view.shape, const_cast<void*>(view.data)));
  }
  const Shape &in = inputs[0].shape, &out = outputs[0].shape, &filter = inputs[1].shape;
  const float* weights = static_cast<const float*>(inputs[1].data);
  const float* bias = context.has_input(2) ? static_cast<const float*>(inputs[2].data) : nullptr;
  float* result = static_cast<float*>(outputs[0].data);
  const int64_t multiplier = filter[3] / in[3];
  for (int64_t i = 0; i < out.elements(); ++i) {
    const int64_t c = i % out[3], x = i / out[3] % out[2], y = i / out[3] / out[2] % out[1];
    const int64_t index[] = {i / out[3] / out[2] / out[1], y, x, c};
    float sum = bias != nullptr ? bias[c] : 0.0f;
    const Range ky = s.rows.ValidTaps(y), kx = s.columns.ValidTaps(x);
    for (int64_t v = ky.begin; v < ky.end; ++v) {
      for (int64_t u = kx.begin; u < kx.end; ++u) {
        const float* pixel = windows[0].Pixel<float>(index[0], s.rows.InputOf(y, v), s.columns.InputOf(x, u));
        sum += pixel[c / multiplier] * weights[(v * filter[2] + u) * filter[3] + c];
      }
    }
    const SlidingAttrs& attrs = context.attrs<SlidingAttrs>();
    result[i] = ApplyTail(attrs.tail, attrs.clamp, {.inputs = windows, .outputs = {}, .box = {}, .scratch = nullptr},
                          index, sum);
  }
  return {};
}

class DepthwiseKernel : public Kernel {
 public:
  DepthwiseKernel(const OpContext& context, const PrepareOptions& options)
      : rows_(context, context.attrs<SlidingAttrs>(), 1, 2, options),
        clamp_(context.attrs<SlidingAttrs>().clamp),
        tail_(context.attrs<SlidingAttrs>().tail) {}

  size_t scratch_bytes() const override { return rows_.scratch_bytes(); }

  Status Run(const KernelArgs& args) const override {
    const Window& out = args.outputs[0];
    const Range* box = args.box.axis;
    for (int64_t n = box[0].begin; n < box[0].end; ++n) {
      for (int64_t y = box[1].begin; y < box[1].end; ++y) {
        PixelRun run;
        for (int64_t x = box[2].begin; x < box[2].end; x += run.pixels) {
          run = NextPixels(rows_.columns(), args.inputs[0], out, x, box[2].end);
          if (tail_.empty()) {
            rows_.Run(args, n, y, run, clamp_, out.Pixel<float>(n, y, x), out.strides[2]);
            continue;
          }
          run.pixels = std::min(run.pixels, TailPiece(rows_.channels()));
          rows_.Run(args, n, y, run, kernels::Clamp{}, out.Pixel<float>(n, y, x), out.strides[2]);
          RunTail(tail_, clamp_, args, {.n = n, .y = y, .x = x, .pixels = run.pixels});
        }
      }
    }
    return {};
  }

 private:
  const DepthwiseRows rows_;
  const kernels::Clamp clamp_;
  const Tail tail_;
};

Result<std::unique_ptr<Kernel>> Prepare(const OpContext& context, const PrepareOptions& options) {
  if (IsIntConv(context)) return PrepareIntConv(context, /*depthwise=*/true, SlidingOf(context), options);
  return std::unique_ptr<Kernel>(std::make_unique<DepthwiseKernel>(context, options));
}

}  // namespace

extern const OpDef depthwise_conv_2d_op;
const OpDef depthwise_conv_2d_op{
    .name = "DEPTHWISE_CONV_2D",
    .tflite_code = 4,
    .min_inputs = 2,
    .max_inputs = 5,
    .read = Read,
    .infer = Infer,
    .axes = Axes,
    .cost = DepthwiseCost,
    .reference = Reference,
    .prepare = Prepare,
};

}  // namespace safelight
