// SPDX-License-Identifier: Apache-2.0
//
// CONV_2D_WINOGRAD: a CONV_2D of stride 1 made in tiles with fewer products: of 3x3 taps in tiles of 4 by 4 outputs
// with a quarter of them, of 5x5 taps in tiles of 2 by 2 with little more than a third.
//
// Only the pass choose_winograd makes it, from CONV_2D nodes; options, shapes and reference are those of CONV_2D. Tiles
// lie on the output's own grid, so a pixel's bits do not depend on where a strip or a block begins; hence the
// grain and the rows rule in whole tiles.
#include <algorithm>

#include "kernels/winograd.h"
#include "ops/support/spatial.h"
#include "ops/support/winograd_filters.h"

namespace safelight {

extern const OpDef conv_2d_op;

namespace {

constexpr int kGrain = 4, kPatch = 6;

kernels::WinogradSize SizeOf(const OpContext& context) {
  return {context.input(0).shape[3], context.output(0).shape[3], context.input(1).shape[1]};
}

Sliding SlidingOf(const OpContext& context) {
  const int64_t taps = context.input(1).shape[1];
  return *MakeSliding(context.input(0).shape, taps, taps, context.attrs<SlidingAttrs>());
}

Result<std::shared_ptr<const OpAttrs>> Read(const AttrReader& reader) { return conv_2d_op.read(reader); }

Status Infer(InferContext& context) {
  SL_TRY(conv_2d_op.infer(context));
  const Shape& filter = context.input(1).shape;
  const SlidingAttrs& attrs = context.attrs<SlidingAttrs>();
  const bool fits = (filter[1] == 3 || filter[1] == 5) && filter[2] == filter[1] &&
                    filter[3] == context.input(0).shape[3] && attrs.stride_h == 1 && attrs.stride_w == 1 &&
                    attrs.dilation_h == 1 && attrs.dilation_w == 1;
  if (!fits) return InvalidArgument("Winograd is for ungrouped 3x3 and 5x5 filters of stride 1");
  return {};
}

std::vector<AxisRule> Axes(const OpContext& context, int out_axis) {
  if (out_axis > 2) return {};
  const Shape& in = context.input(0).shape;
  const Sliding sliding = SlidingOf(context);
  const kernels::WinogradSize size = SizeOf(context);
  const auto rule = [&](const SlidingAxis& axis, int number) {
    return AxisRule::Gridded(number, axis.in, 1, -axis.pad, size.taps, size.tile());
  };
  std::vector<AxisRule> rules(static_cast<size_t>(context.num_inputs()), AxisRule::All());
  rules[0] = out_axis == 0 ? AxisRule::Same(0, in[0]) : rule(out_axis == 1 ? sliding.rows : sliding.columns, out_axis);
  SetTailRules(context, context.attrs<SlidingAttrs>().tail, out_axis, &rules);
  return rules;
}

Cost WinogradCost(const OpContext& context) {
  Cost cost = conv_2d_op.cost(context);
  const int64_t pixels = context.output(0).shape.Product(0, 3);
  const kernels::WinogradSize size = SizeOf(context);
  cost.macs_done = WinogradMacs(pixels, size);
  cost.weight_bytes = WinogradWeightBytes(size);
  return cost;
}

class WinogradKernel : public Kernel {
 public:
  WinogradKernel(const OpContext& context, const PrepareOptions& options)
      : size_(SizeOf(context)),
        sliding_(SlidingOf(context)),
        clamp_(context.attrs<SlidingAttrs>().clamp),
        tail_(context.attrs<SlidingAttrs>().tail) {
    const float* weights = context.constant<float>(1);
    const float* bias = context.has_input(2) ? context.constant<float>(2) : nullptr;
    packed_ = PackWinogradFilters(size_, weights, bias, options.pack_cache);
  }

  size_t scratch_bytes() const override { return kernels::WinogradScratchBytes(size_); }

  Status Run(const KernelArgs& args) const override {
    const Window &in = args.inputs[0], &out = args.outputs[0];
    const bool residual_lies = tail_.residual != kNone && args.inputs[tail_.residual].row_axis == 2;
    if (in.row_axis == 2 || out.row_axis == 2 || residual_lies) return Internal("Winograd on a ring of columns");
    const Range* box = args.box.axis;
    const int64_t tile = size_.tile();
    for (int64_t n = box[0].begin; n < box[0].end; ++n) {
      for (int64_t y = box[1].begin / tile * tile; y < box[1].end; y += tile) RunTiles(args, n, y);
    }
    return {};
  }

 private:
  // The row of tiles whose first output row is y.
  void RunTiles(const KernelArgs& args, int64_t n, int64_t y) const {
    const Window &in = args.inputs[0], &out = args.outputs[0];
    const Range rows = args.box.axis[1], columns = args.box.axis[2];
    kernels::WinogradStrip strip;
    for (int64_t r = 0; r < kPatch; ++r) {
      const int64_t from = y + r - sliding_.rows.pad;
      strip.in[r] = from >= 0 && from < sliding_.rows.in ? in.Pixel<float>(n, from, 0) : nullptr;
    }
    for (int64_t r = 0; r < size_.tile(); ++r) {
      strip.out[r] = y + r >= rows.begin && y + r < rows.end ? out.Pixel<float>(n, y + r, 0) : nullptr;
    }
    strip.in_step = in.strides[2];
    strip.out_step = out.strides[2];
    strip.width = sliding_.columns.in;
    strip.pad = sliding_.columns.pad;
    strip.x_begin = columns.begin;
    strip.x_end = columns.end;
    SetTail(args, n, y, &strip);
    strip.low = clamp_.low;
    strip.high = clamp_.high;
    strip.scratch = reinterpret_cast<float*>(args.scratch);
    kernels::RunWinograd(size_, reinterpret_cast<const float*>(packed_->data()), strip);
  }

  void SetTail(const KernelArgs& args, int64_t n, int64_t y, kernels::WinogradStrip* strip) const {
    if (tail_.slopes != kNone) strip->slopes = args.inputs[tail_.slopes].at<float>(0);
    if (tail_.residual == kNone) return;
    const Window& residual = args.inputs[tail_.residual];
    for (int64_t r = 0; r < size_.tile(); ++r) {
      if (strip->out[r] != nullptr) strip->residual[r] = residual.Pixel<float>(n, y + r, 0);
    }
    strip->residual_step = residual.strides[2];
    strip->residual_use = tail_.residual_last ? kernels::WinogradResidual::kAfterActivation
                                              : kernels::WinogradResidual::kBeforeActivation;
  }

  const kernels::WinogradSize size_;
  const Sliding sliding_;
  const kernels::Clamp clamp_;
  const Tail tail_;
  std::shared_ptr<const AlignedBuffer> packed_;
};

Result<std::unique_ptr<Kernel>> Prepare(const OpContext& context, const PrepareOptions& options) {
  SL_TRY(CheckFloat(context));
  if (!context.input(1).is_constant() || (context.has_input(2) && !context.input(2).is_constant())) {
    return Unsupported("Winograd needs constant weights");
  }
  return std::unique_ptr<Kernel>(std::make_unique<WinogradKernel>(context, options));
}

Status Reference(const OpContext& context, std::span<const ConstTensorView> inputs,
                 std::span<const TensorView> outputs) {
  return conv_2d_op.reference(context, inputs, outputs);
}

}  // namespace

extern const OpDef conv_2d_winograd_op;
const OpDef conv_2d_winograd_op{
    .name = "CONV_2D_WINOGRAD",
    .min_inputs = 2,
    .max_inputs = 5,
    .read = Read,
    .infer = Infer,
    .axes = Axes,
    .grain = [](const OpContext&) { return kGrain; },
    .cost = WinogradCost,
    .reference = Reference,
    .prepare = Prepare,
};

}  // namespace safelight
