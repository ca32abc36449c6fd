// SPDX-License-Identifier: Apache-2.0
//
// CONV_2D: out[y][x][o] = act(bias[o] + sum in[y * s - p + ky * d][...][i] * w[o][ky][kx][i]).
// Grouped where the input has a multiple of the filter's channels. Passes may add a tail (support/tail.h).
#include <algorithm>

#include "ops/support/dynamic.h"
#include "ops/support/int_conv.h"
#include "ops/support/spatial.h"
#include "ops/support/spatial_filters.h"

namespace safelight {
namespace {

Result<std::shared_ptr<const OpAttrs>> Read(const AttrReader& reader) {
  return ReadSliding(reader, {.padding = 0,
                              .stride_w = 1,
                              .stride_h = 2,
                              .activation = 3,
                              .dilation_w = 4,
                              .dilation_h = 5,
                              .filter_w = -1,
                              .filter_h = -1,
                              .multiplier = -1});
}

// Of a node that passed Infer.
Sliding SlidingOf(const OpContext& context) {
  const Shape& filter = context.input(1).shape;
  return *MakeSliding(context.input(0).shape, filter[1], filter[2], context.attrs<SlidingAttrs>());
}

Status Infer(InferContext& context) {
  SL_TRY(CheckPicture(context, 0));
  SL_TRY(CheckPicture(context, 1));
  const Shape &in = context.input(0).shape, &filter = context.input(1).shape;
  if (in[3] < 1 || filter[0] < 1 || filter[3] < 1 || in[3] % filter[3] != 0 || filter[0] % (in[3] / filter[3]) != 0) {
    return InvalidArgument("input of ", in[3], " channels does not fit a filter of shape ", filter.ToString());
  }
  SL_TRY(CheckBias(context, 2, filter[0]));
  SL_ASSIGN(const Sliding sliding, MakeSliding(in, filter[1], filter[2], context.attrs<SlidingAttrs>()));
  context.SetOutput(0, context.input(0).dtype, {in[0], sliding.rows.out, sliding.columns.out, filter[0]});
  return CheckTail(context, context.attrs<SlidingAttrs>().tail, 3);
}

std::vector<AxisRule> Axes(const OpContext& context, int out_axis) {
  if (out_axis > 2) return {};
  const Sliding sliding = SlidingOf(context);
  const AxisRule data = out_axis == 0   ? AxisRule::Same(0, context.input(0).shape[0])
                        : out_axis == 1 ? sliding.rows.Rule(1)
                                        : sliding.columns.Rule(2);
  std::vector<AxisRule> rules(static_cast<size_t>(context.num_inputs()), AxisRule::All());
  rules[0] = data;
  SetTailRules(context, context.attrs<SlidingAttrs>().tail, out_axis, &rules);
  return rules;
}

// Rows and columns of quantized values may be made in tiles.
int Grain(const OpContext& context) { return IsIntConv(context) ? IntConvGrain(context, SlidingOf(context)) : 1; }

Cost ConvCost(const OpContext& context) {
  if (IsIntConv(context)) return IntConvCost(context, SlidingOf(context));
  const Shape &out = context.output(0).shape, &filter = context.input(1).shape;
  Cost cost;
  const int64_t inner = filter[1] * filter[2] * filter[3];
  cost.macs = out.elements() * inner;
  // Output channels are made in whole vectors, a few one by one.
  cost.macs_done = out[3] > 4 ? out.Product(0, 3) * ((out[3] + 7) / 8 * 8) * inner : cost.macs * 5 / 4;
  cost.weight_bytes = TensorBytes(context.input(1).dtype, filter);
  return cost;
}

// Plain loops over any windows: the reference, and the path of weights that are computed at run time.
void RunPlain(const Sliding& s, const SlidingAttrs& attrs, const KernelArgs& args) {
  const Window &in = args.inputs[0], &weights = args.inputs[1], &out = args.outputs[0];
  const bool has_bias = args.inputs.size() > 2 && args.inputs[2].data != nullptr;
  const float* bias = has_bias ? args.inputs[2].at<float>(0) : nullptr;
  const int64_t channels = weights.shape[3];
  const int64_t group_out = weights.shape[0] / (in.shape[3] / channels);
  const auto pixel = [&](int64_t n, int64_t y, int64_t x, int64_t o) {
    const Range ky_range = s.rows.ValidTaps(y), kx_range = s.columns.ValidTaps(x);
    float sum = bias != nullptr ? bias[o] : 0.0f;
    for (int64_t ky = ky_range.begin; ky < ky_range.end; ++ky) {
      for (int64_t kx = kx_range.begin; kx < kx_range.end; ++kx) {
        const float* from = in.Pixel<float>(n, s.rows.InputOf(y, ky), s.columns.InputOf(x, kx));
        const float* w = weights.at<float>(weights.Offset(0, o) + weights.Offset(1, ky) + weights.Offset(2, kx));
        for (int64_t i = 0; i < channels; ++i) sum += from[o / group_out * channels + i] * w[i];
      }
    }
    const int64_t index[] = {n, y, x, o};
    return ApplyTail(attrs.tail, attrs.clamp, args, index, sum);
  };
  const Range* box = args.box.axis;
  for (int64_t n = box[0].begin; n < box[0].end; ++n) {
    for (int64_t y = box[1].begin; y < box[1].end; ++y) {
      for (int64_t x = box[2].begin; x < box[2].end; ++x) {
        for (int64_t o = box[3].begin; o < box[3].end; ++o) out.Pixel<float>(n, y, x)[o] = pixel(n, y, x, o);
      }
    }
  }
}

Status Reference(const OpContext& context, std::span<const ConstTensorView> inputs,
                 std::span<const TensorView> outputs) {
  if (IsDynamic(context)) {
    return WholeDynamicConvReference(context, /*depthwise=*/false, SlidingOf(context), inputs, outputs);
  }
  if (IsIntConv(context)) return IntConvReference(context, /*depthwise=*/false, SlidingOf(context), inputs, outputs);
  std::vector<Window> in;
  for (const ConstTensorView& view : inputs) {
    in.push_back(WholeWindow(view.dtype, view.shape, const_cast<void*>(view.data)));
  }
  const Window out = WholeWindow(outputs[0].dtype, outputs[0].shape, outputs[0].data);
  RunPlain(SlidingOf(context), context.attrs<SlidingAttrs>(), {in, {&out, 1}, WholeBox(out.shape), nullptr});
  return {};
}

class PlainKernel : public Kernel {
 public:
  explicit PlainKernel(const OpContext& context)
      : sliding_(SlidingOf(context)), attrs_(context.attrs<SlidingAttrs>()) {}
  Status Run(const KernelArgs& args) const override {
    RunPlain(sliding_, attrs_, args);
    return {};
  }

 private:
  const Sliding sliding_;
  const SlidingAttrs attrs_;
};

class ConvKernel : public Kernel {
 public:
  ConvKernel(const OpContext& context, const PrepareOptions& options)
      : sliding_(SlidingOf(context)),
        clamp_(context.attrs<SlidingAttrs>().clamp),
        tail_(context.attrs<SlidingAttrs>().tail) {
    const Shape& filter = context.input(1).shape;
    const int64_t groups = context.input(0).shape[3] / filter[3];
    size_ = {filter[3], filter[0] / groups, filter[1], filter[2]};
    packed_ = PackFilters(size_, groups, context.constant<float>(1),
                          context.has_input(2) ? context.constant<float>(2) : nullptr, options.pack_cache);
  }

  // The runs of a pixel, and their floats where they must be copied.
  size_t scratch_bytes() const override {
    const size_t run_bytes = sizeof(kernels::ConvRun) + static_cast<size_t>(size_.in_channels) * sizeof(float);
    return static_cast<size_t>(size_.filter_h * size_.filter_w) * run_bytes;
  }

  Status Run(const KernelArgs& args) const override {
    const Range* box = args.box.axis;
    for (int64_t n = box[0].begin; n < box[0].end; ++n) {
      for (int64_t y = box[1].begin; y < box[1].end; ++y) {
        PixelRun run;
        for (int64_t x = box[2].begin; x < box[2].end; x += run.pixels) {
          run = NextPixels(sliding_.columns, args.inputs[0], args.outputs[0], x, box[2].end);
          if (tail_.empty()) {
            RunPixels(args, n, y, run, clamp_);
            continue;
          }
          run.pixels = std::min(run.pixels, TailPiece(args.outputs[0].shape[3]));
          RunPixels(args, n, y, run, kernels::Clamp{});
          RunTail(tail_, clamp_, args, {.n = n, .y = y, .x = run.x, .pixels = run.pixels});
        }
      }
    }
    return {};
  }

 private:
  void RunPixels(const KernelArgs& args, int64_t n, int64_t y, const PixelRun& run, const kernels::Clamp& clamp) const {
    const Window &in = args.inputs[0], &out = args.outputs[0];
    kernels::ConvRun* const runs = reinterpret_cast<kernels::ConvRun*>(args.scratch);
    const int64_t num_runs = ListRuns(in, n, y, run, runs);
    kernels::ConvPixels pixels{.runs = runs,
                               .num_runs = num_runs,
                               .in_step = sliding_.columns.stride * in.strides[2],
                               .out = out.Pixel<float>(n, y, run.x),
                               .out_step = out.strides[2],
                               .pixels = run.pixels,
                               .low = clamp.low,
                               .high = clamp.high};
    for (const auto& group : packed_) {
      kernels::RunConv(size_, reinterpret_cast<const float*>(group->data()), pixels);
      pixels.out += size_.out_channels;
      for (int64_t r = 0; r < num_runs; ++r) runs[r].in += size_.in_channels;
    }
  }

  // The taps of a pixel. Those of one filter row are one run where they are neighbours in the picture; a ring across
  // columns may have put them apart, so they are copied together: runs decide the order of sums, thus the bits.
  int64_t ListRuns(const Window& in, int64_t n, int64_t y, const PixelRun& run, kernels::ConvRun* runs) const {
    const SlidingAxis &rows = sliding_.rows, &columns = sliding_.columns;
    const bool joined = columns.dilation == 1 && in.shape[3] == size_.in_channels;
    const int64_t together = joined ? std::max<int64_t>(run.taps.size(), 1) : 1;
    float* copy = reinterpret_cast<float*>(runs + size_.filter_h * size_.filter_w);
    const Range ky_range = rows.ValidTaps(y);
    int64_t count = 0;
    for (int64_t ky = ky_range.begin; ky < ky_range.end; ++ky) {
      for (int64_t kx = run.taps.begin; kx < run.taps.end; kx += together, ++count) {
        const float* from = in.Pixel<float>(n, rows.InputOf(y, ky), columns.InputOf(run.x, kx));
        runs[count] = {from, (ky * size_.filter_w + kx) * size_.in_channels, together * size_.in_channels};
        if (in.row_axis != 2 || !joined) continue;
        runs[count].in = copy;
        for (int64_t k = kx; k < kx + together; ++k, copy += size_.in_channels) {
          from = in.Pixel<float>(n, rows.InputOf(y, ky), columns.InputOf(run.x, k));
          std::copy(from, from + size_.in_channels, copy);
        }
      }
    }
    return count;
  }

  const Sliding sliding_;
  const kernels::Clamp clamp_;
  const Tail tail_;
  kernels::ConvSize size_;
  PackedFilters packed_;
};

Result<std::unique_ptr<Kernel>> Prepare(const OpContext& context, const PrepareOptions& options) {
  if (IsIntConv(context)) return PrepareIntConv(context, /*depthwise=*/false, SlidingOf(context), options);
  const bool constant = context.input(1).is_constant() && (!context.has_input(2) || context.input(2).is_constant());
  if (!constant) return std::unique_ptr<Kernel>(std::make_unique<PlainKernel>(context));
  return std::unique_ptr<Kernel>(std::make_unique<ConvKernel>(context, options));
}

}  // namespace

extern const OpDef conv_2d_op;
const OpDef conv_2d_op{
    .name = "CONV_2D",
    .tflite_code = 3,
    .min_inputs = 2,
    .max_inputs = 5,
    .read = Read,
    .infer = Infer,
    .axes = Axes,
    .grain = Grain,
    .cost = ConvCost,
    .reference = Reference,
    .prepare = Prepare,
};

}  // namespace safelight
