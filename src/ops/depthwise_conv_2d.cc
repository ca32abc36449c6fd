// SPDX-License-Identifier: Apache-2.0
//
// DEPTHWISE_CONV_2D: every input channel with its own filters, `multiplier` outputs each. Passes may add a tail
// (support/tail.h).
#include <algorithm>
#include <numeric>

#include "graph/pack_cache.h"
#include "kernels/depthwise.h"
#include "ops/support/spatial.h"

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
  SL_TRY(CheckFloat(context));
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

// A few channels leave most lanes of a vector empty. Then this many neighbouring pixels are made as one, with their
// weights repeated.
int64_t PixelsAsOne(int64_t channels) {
  if (channels >= 16 || channels % 8 == 0) return 1;
  return 16 / std::gcd(channels, int64_t{16});
}

class DepthwiseKernel : public Kernel {
 public:
  DepthwiseKernel(const OpContext& context, const PrepareOptions& options)
      : sliding_(SlidingOf(context)),
        clamp_(context.attrs<SlidingAttrs>().clamp),
        tail_(context.attrs<SlidingAttrs>().tail),
        channels_(context.input(1).shape[3]),
        multiplier_(channels_ / context.input(0).shape[3]),
        taps_(sliding_.rows.taps * sliding_.columns.taps) {
    const bool constant = context.input(1).is_constant() && (!context.has_input(2) || context.input(2).is_constant());
    if (constant && multiplier_ == 1 && sliding_.columns.stride == 1) together_ = PixelsAsOne(channels_);
    if (together_ > 1) repeated_ = RepeatWeights(context, options);
  }

  // The rows of a filter; with a multiplier also the inputs of a pixel, each repeated.
  size_t scratch_bytes() const override {
    const size_t repeated = multiplier_ == 1 ? 0 : static_cast<size_t>(taps_ * channels_) * sizeof(float);
    return static_cast<size_t>(taps_) * sizeof(kernels::DepthwiseRow) + repeated;
  }

  Status Run(const KernelArgs& args) const override {
    const Range* box = args.box.axis;
    for (int64_t n = box[0].begin; n < box[0].end; ++n) {
      for (int64_t y = box[1].begin; y < box[1].end; ++y) {
        PixelRun run;
        for (int64_t x = box[2].begin; x < box[2].end; x += run.pixels) {
          run = NextPixels(sliding_.columns, args.inputs[0], args.outputs[0], x, box[2].end);
          if (multiplier_ != 1) run.pixels = 1;
          if (tail_.empty()) {
            RunPixels(args, n, y, run, clamp_);
            continue;
          }
          run.pixels = std::min(run.pixels, TailPiece(channels_));
          RunPixels(args, n, y, run, kernels::Clamp{});
          RunTail(tail_, clamp_, args, {.n = n, .y = y, .x = run.x, .pixels = run.pixels});
        }
      }
    }
    return {};
  }

 private:
  std::shared_ptr<const AlignedBuffer> RepeatWeights(const OpContext& context, const PrepareOptions& options) const {
    const float* weights = context.constant<float>(1);
    const float* bias = context.has_input(2) ? context.constant<float>(2) : nullptr;
    const auto make = [&] {
      AlignedBuffer buffer(static_cast<size_t>((taps_ + 1) * channels_ * together_) * sizeof(float));
      float* to = reinterpret_cast<float*>(buffer.data());
      for (int64_t t = 0; t <= taps_; ++t) {
        for (int64_t i = 0; i < together_ * channels_; ++i) {
          const float own = bias == nullptr ? 0.0f : bias[i % channels_];
          *to++ = t < taps_ ? weights[t * channels_ + i % channels_] : own;
        }
      }
      return buffer;
    };
    if (options.pack_cache == nullptr) return std::make_shared<const AlignedBuffer>(make());
    return options.pack_cache->Get(
        weights, Cat("depthwise ", taps_, "x", channels_, " bias ", static_cast<const void*>(bias)), make);
  }

  void RunPixels(const KernelArgs& args, int64_t n, int64_t y, const PixelRun& run, const kernels::Clamp& clamp) const {
    const Window &in = args.inputs[0], &out = args.outputs[0];
    kernels::DepthwiseRow* const rows = reinterpret_cast<kernels::DepthwiseRow*>(args.scratch);
    const bool has_bias = args.inputs.size() > 2 && args.inputs[2].data != nullptr;
    kernels::DepthwisePixels pixels{.rows = rows,
                                    .tap_step = sliding_.columns.dilation * in.strides[2],
                                    .weight_step = channels_,
                                    .in_step = sliding_.columns.stride * in.strides[2],
                                    .bias = has_bias ? args.inputs[2].at<float>(0) : nullptr,
                                    .channels = channels_,
                                    .out = out.Pixel<float>(n, y, run.x),
                                    .out_step = out.strides[2],
                                    .pixels = run.pixels,
                                    .low = clamp.low,
                                    .high = clamp.high};
    const bool joined = run.pixels >= together_ && in.strides[2] == channels_ && out.strides[2] == channels_;
    if (together_ == 1 || !joined) {
      ListRows(args, n, y, run, args.inputs[1].at<float>(0), channels_, &pixels);
      kernels::RunDepthwise(pixels);
      return;
    }
    const int64_t wide = together_ * channels_;
    const float* const weights = reinterpret_cast<const float*>(repeated_->data());
    ListRows(args, n, y, run, weights, wide, &pixels);
    pixels.weight_step = pixels.channels = pixels.in_step = pixels.out_step = wide;
    pixels.bias = weights + taps_ * wide;
    pixels.pixels = run.pixels / together_;
    kernels::RunDepthwise(pixels);
    if (run.pixels % together_ == 0) return;
    // The last group overlaps the one before it.
    const int64_t last = (run.pixels - together_) * channels_;
    for (int64_t r = 0; r < pixels.num_rows; ++r) rows[r].in += last;
    pixels.out += last;
    pixels.pixels = 1;
    kernels::RunDepthwise(pixels);
  }

  // The rows of the filter that lie inside the picture. Where taps do not lie evenly (a ring across columns, inputs
  // that are repeated) each is a row of its own.
  void ListRows(const KernelArgs& args, int64_t n, int64_t y, const PixelRun& run, const float* weights,
                int64_t weight_step, kernels::DepthwisePixels* pixels) const {
    const Window& in = args.inputs[0];
    kernels::DepthwiseRow* const rows = reinterpret_cast<kernels::DepthwiseRow*>(args.scratch);
    float* repeated = reinterpret_cast<float*>(rows + taps_);
    const bool even = in.row_axis != 2 && multiplier_ == 1;
    const Range ky_range = sliding_.rows.ValidTaps(y);
    pixels->taps = even ? run.taps.size() : 1;
    for (int64_t ky = ky_range.begin; ky < ky_range.end && !run.taps.empty(); ++ky) {
      for (int64_t kx = run.taps.begin; kx < run.taps.end; kx += pixels->taps, ++pixels->num_rows) {
        const float* pixel = in.Pixel<float>(n, sliding_.rows.InputOf(y, ky), sliding_.columns.InputOf(run.x, kx));
        if (multiplier_ != 1) {
          for (int64_t c = 0; c < channels_; ++c) repeated[c] = pixel[c / multiplier_];
          pixel = repeated;
          repeated += channels_;
        }
        rows[pixels->num_rows] = {pixel, weights + (ky * sliding_.columns.taps + kx) * weight_step};
      }
    }
  }

  const Sliding sliding_;
  const kernels::Clamp clamp_;
  const Tail tail_;
  const int64_t channels_, multiplier_, taps_;
  int64_t together_ = 1;  // pixels made as one
  std::shared_ptr<const AlignedBuffer> repeated_;
};

Result<std::unique_ptr<Kernel>> Prepare(const OpContext& context, const PrepareOptions& options) {
  SL_TRY(CheckFloat(context));
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
