// SPDX-License-Identifier: Apache-2.0
//
// SEPARABLE_CONV_2D: a depthwise convolution and the 1x1 convolution of its results, made by the engine from the two.
//
// A few dozen pixels of the first are made in a buffer that stays in the nearest cache, and are read there by the
// second. Inputs: data, depthwise weights and bias, pointwise weights and bias, and those of the tail. The bits are
// those of the two ops apart.
#include <algorithm>

#include "ops/support/depthwise.h"
#include "ops/support/separable.h"
#include "ops/support/spatial_filters.h"

namespace safelight {
namespace {

constexpr int kDepthwise = 1, kDepthwiseBias = 2, kPointwise = 3, kPointwiseBias = 4, kOwnInputs = 5;

Sliding SlidingOf(const OpContext& context) {
  const Shape& filter = context.input(kDepthwise).shape;
  return *MakeSliding(context.input(0).shape, filter[1], filter[2], context.attrs<SeparableAttrs>().depthwise);
}

Status Infer(InferContext& context) {
  for (int i : {0, kDepthwise, kPointwise}) SL_TRY(CheckPicture(context, i));
  const Shape &in = context.input(0).shape, &depthwise = context.input(kDepthwise).shape,
              &pointwise = context.input(kPointwise).shape;
  if (depthwise[0] != 1 || in[3] < 1 || depthwise[3] < 1 || depthwise[3] % in[3] != 0 || pointwise[1] != 1 ||
      pointwise[2] != 1 || pointwise[3] != depthwise[3] || pointwise[0] < 1) {
    return InvalidArgument("filters of shapes ", depthwise.ToString(), " and ", pointwise.ToString(),
                           " do not fit an input of ", in[3], " channels");
  }
  SL_TRY(CheckBias(context, kDepthwiseBias, depthwise[3]));
  SL_TRY(CheckBias(context, kPointwiseBias, pointwise[0]));
  const SeparableAttrs& attrs = context.attrs<SeparableAttrs>();
  SL_ASSIGN(const Sliding sliding, MakeSliding(in, depthwise[1], depthwise[2], attrs.depthwise));
  context.SetOutput(0, context.input(0).dtype, {in[0], sliding.rows.out, sliding.columns.out, pointwise[0]});
  return CheckTail(context, attrs.tail, kOwnInputs);
}

std::vector<AxisRule> Axes(const OpContext& context, int out_axis) {
  if (out_axis > 2) return {};
  const Sliding sliding = SlidingOf(context);
  std::vector<AxisRule> rules(static_cast<size_t>(context.num_inputs()), AxisRule::All());
  rules[0] = out_axis == 0   ? AxisRule::Same(0, context.input(0).shape[0])
             : out_axis == 1 ? sliding.rows.Rule(1)
                             : sliding.columns.Rule(2);
  SetTailRules(context, context.attrs<SeparableAttrs>().tail, out_axis, &rules);
  return rules;
}

Cost SeparableCost(const OpContext& context) {
  const Shape &out = context.output(0).shape, &depthwise = context.input(kDepthwise).shape;
  Cost cost;
  cost.macs = out[0] * out[1] * out[2] * depthwise[3] * (depthwise[1] * depthwise[2] + out[3]);
  cost.weight_bytes = TensorBytes(context.input(kDepthwise).dtype, depthwise) +
                      TensorBytes(context.input(kPointwise).dtype, context.input(kPointwise).shape);
  return cost;
}

// Channel by channel of every pixel: the depthwise sums of a pixel first, then their products.
Status Reference(const OpContext& context, std::span<const ConstTensorView> inputs,
                 std::span<const TensorView> outputs) {
  SL_TRY(CheckFloat(context));
  const Sliding s = SlidingOf(context);
  const SeparableAttrs& attrs = context.attrs<SeparableAttrs>();
  std::vector<Window> windows;
  for (const ConstTensorView& view : inputs) {
    windows.push_back(WholeWindow(view.dtype, view.shape, const_cast<void*>(view.data)));
  }
  const auto numbers = [&](int i) {
    return context.has_input(i) ? static_cast<const float*>(inputs[i].data) : nullptr;
  };
  const float *weights = numbers(kDepthwise), *pointwise = numbers(kPointwise);
  const float *bias = numbers(kDepthwiseBias), *out_bias = numbers(kPointwiseBias);
  const int64_t middle = inputs[kDepthwise].shape[3], multiplier = middle / inputs[0].shape[3];
  const Shape& out = outputs[0].shape;
  std::vector<float> sums(static_cast<size_t>(middle));
  for (int64_t pixel = 0; pixel < out.elements() / out[3]; ++pixel) {
    const int64_t x = pixel % out[2], y = pixel / out[2] % out[1], n = pixel / out[2] / out[1];
    const Range ky = s.rows.ValidTaps(y), kx = s.columns.ValidTaps(x);
    for (int64_t c = 0; c < middle; ++c) {
      float sum = bias == nullptr ? 0.0f : bias[c];
      for (int64_t v = ky.begin; v < ky.end; ++v) {
        for (int64_t u = kx.begin; u < kx.end; ++u) {
          const float* from = windows[0].Pixel<float>(n, s.rows.InputOf(y, v), s.columns.InputOf(x, u));
          sum += from[c / multiplier] * weights[(v * s.columns.taps + u) * middle + c];
        }
      }
      sums[c] = attrs.depthwise.clamp(sum);
    }
    for (int64_t o = 0; o < out[3]; ++o) {
      float sum = out_bias == nullptr ? 0.0f : out_bias[o];
      for (int64_t c = 0; c < middle; ++c) sum += sums[c] * pointwise[o * middle + c];
      const int64_t index[] = {n, y, x, o};
      static_cast<float*>(outputs[0].data)[pixel * out[3] + o] = ApplyTail(
          attrs.tail, attrs.clamp, {.inputs = windows, .outputs = {}, .box = {}, .scratch = nullptr}, index, sum);
    }
  }
  return {};
}

class SeparableKernel : public Kernel {
 public:
  SeparableKernel(const OpContext& context, const PrepareOptions& options)
      : attrs_(context.attrs<SeparableAttrs>()),
        rows_(context, attrs_.depthwise, kDepthwise, kDepthwiseBias, options),
        size_{rows_.channels(), context.input(kPointwise).shape[0], 1, 1},
        packed_(PackFilters(size_, 1, context.constant<float>(kPointwise),
                            context.has_input(kPointwiseBias) ? context.constant<float>(kPointwiseBias) : nullptr,
                            options.pack_cache)[0]) {}

  size_t scratch_bytes() const override {
    return AlignUp(rows_.scratch_bytes()) + static_cast<size_t>(Piece() * rows_.channels()) * sizeof(float);
  }

  Status Run(const KernelArgs& args) const override {
    const Range* box = args.box.axis;
    // Where columns are split into a ring, which may wrap anywhere, pixels go one by one.
    const int64_t piece = args.outputs[0].row_axis == 2 ? 1 : Piece();
    for (int64_t n = box[0].begin; n < box[0].end; ++n) {
      // Rows innermost: those that the filter meets again are still in the nearest cache.
      for (int64_t x = box[2].begin; x < box[2].end; x += piece) {
        for (int64_t y = box[1].begin; y < box[1].end; ++y) {
          RunPiece(args, {.n = n, .y = y, .x = x, .pixels = std::min(piece, box[2].end - x)});
        }
      }
    }
    return {};
  }

 private:
  // Pixels of the first convolution that are made before the second reads them: whole register tiles of both.
  int64_t Piece() const { return rows_.channels() <= 16 ? 16 / rows_.channels() * 84 : 42; }

  void RunPiece(const KernelArgs& args, const TailPixels& at) const {
    const Window& out = args.outputs[0];
    const int64_t channels = rows_.channels(), end = at.x + at.pixels;
    float* const buffer = reinterpret_cast<float*>(args.scratch + AlignUp(rows_.scratch_bytes()));
    PixelRun run;
    for (int64_t x = at.x; x < end; x += run.pixels) {
      run = NextPixels(rows_.columns(), args.inputs[0], out, x, end);
      rows_.Run(args, at.n, at.y, run, attrs_.depthwise.clamp, buffer + (x - at.x) * channels, channels);
    }
    const kernels::ConvRun all{buffer, 0, channels};
    const kernels::Clamp clamp = attrs_.tail.empty() ? attrs_.clamp : kernels::Clamp{};
    kernels::RunConv(size_, reinterpret_cast<const float*>(packed_->data()),
                     {.runs = &all,
                      .num_runs = 1,
                      .in_step = channels,
                      .out = out.Pixel<float>(at.n, at.y, at.x),
                      .out_step = out.strides[2],
                      .pixels = at.pixels,
                      .low = clamp.low,
                      .high = clamp.high});
    if (!attrs_.tail.empty()) RunTail(attrs_.tail, attrs_.clamp, args, at);
  }

  const SeparableAttrs attrs_;
  const DepthwiseRows rows_;
  const kernels::ConvSize size_;
  const std::shared_ptr<const AlignedBuffer> packed_;
};

Result<std::unique_ptr<Kernel>> Prepare(const OpContext& context, const PrepareOptions& options) {
  SL_TRY(CheckFloat(context));
  for (int i : {kPointwise, kPointwiseBias}) {
    if (context.has_input(i) && !context.input(i).is_constant()) return Unsupported("weights computed at run time");
  }
  return std::unique_ptr<Kernel>(std::make_unique<SeparableKernel>(context, options));
}

}  // namespace

extern const OpDef separable_conv_2d_op;
const OpDef separable_conv_2d_op{
    .name = "SEPARABLE_CONV_2D",
    .min_inputs = kOwnInputs,
    .max_inputs = kOwnInputs + 2,
    .infer = Infer,
    .axes = Axes,
    .cost = SeparableCost,
    .reference = Reference,
    .prepare = Prepare,
};

}  // namespace safelight
