// SPDX-License-Identifier: Apache-2.0
#include "ops/support/depthwise.h"

#include <algorithm>
#include <numeric>

#include "graph/pack_cache.h"
#include "kernels/depthwise.h"

namespace safelight {
namespace {

// A few channels leave most lanes of a vector empty. Then this many neighbouring pixels are made as one, with their
// weights repeated.
int64_t PixelsAsOne(int64_t channels) {
  if (channels >= 16 || channels % 8 == 0) return 1;
  return 16 / std::gcd(channels, int64_t{16});
}

}  // namespace

DepthwiseRows::DepthwiseRows(const OpContext& context, const SlidingAttrs& attrs, int weights, int bias,
                             const PrepareOptions& options)
    : sliding_(*MakeSliding(context.input(0).shape, context.input(weights).shape[1], context.input(weights).shape[2],
                            attrs)),
      weights_(weights),
      bias_(bias),
      channels_(context.input(weights).shape[3]),
      multiplier_(channels_ / context.input(0).shape[3]),
      taps_(sliding_.rows.taps * sliding_.columns.taps) {
  const bool constant =
      context.input(weights).is_constant() && (!context.has_input(bias) || context.input(bias).is_constant());
  if (constant && multiplier_ == 1 && sliding_.columns.stride == 1) together_ = PixelsAsOne(channels_);
  if (together_ > 1) repeated_ = RepeatWeights(context, options);
}

std::shared_ptr<const AlignedBuffer> DepthwiseRows::RepeatWeights(const OpContext& context,
                                                                  const PrepareOptions& options) const {
  const float* weights = context.constant<float>(weights_);
  const float* bias = context.has_input(bias_) ? context.constant<float>(bias_) : nullptr;
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

// The rows of a filter; with a multiplier also the inputs of a pixel, each repeated.
size_t DepthwiseRows::scratch_bytes() const {
  const size_t repeated = multiplier_ == 1 ? 0 : static_cast<size_t>(taps_ * channels_) * sizeof(float);
  return static_cast<size_t>(taps_) * sizeof(kernels::DepthwiseRow) + repeated;
}

void DepthwiseRows::Run(const KernelArgs& args, int64_t n, int64_t y, PixelRun run, const kernels::Clamp& clamp,
                        float* out, int64_t out_step) const {
  if (multiplier_ == 1) {
    RunPixels(args, n, y, run, clamp, out, out_step);
    return;
  }
  const int64_t end = run.x + run.pixels;
  for (run.pixels = 1; run.x < end; ++run.x, out += out_step) RunPixels(args, n, y, run, clamp, out, out_step);
}

void DepthwiseRows::RunPixels(const KernelArgs& args, int64_t n, int64_t y, const PixelRun& run,
                              const kernels::Clamp& clamp, float* out, int64_t out_step) const {
  const Window& in = args.inputs[0];
  const bool joined = together_ > 1 && run.pixels >= together_ && in.strides[2] == channels_ && out_step == channels_;
  const int64_t wide = joined ? together_ * channels_ : channels_;
  const float* const weights =
      joined ? reinterpret_cast<const float*>(repeated_->data()) : args.inputs[weights_].at<float>(0);
  const bool has_bias = bias_ < static_cast<int>(args.inputs.size()) && args.inputs[bias_].data != nullptr;
  const float* const bias = joined ? weights + taps_ * wide : has_bias ? args.inputs[bias_].at<float>(0) : nullptr;
  kernels::DepthwiseRow* const rows = reinterpret_cast<kernels::DepthwiseRow*>(args.scratch);
  float* repeated = reinterpret_cast<float*>(rows + taps_);
  kernels::DepthwisePixels pixels{.rows = rows,
                                  .tap_step = sliding_.columns.dilation * in.strides[2],
                                  .weight_step = wide,
                                  .in_step = joined ? wide : sliding_.columns.stride * in.strides[2],
                                  .bias = bias,
                                  .channels = wide,
                                  .out = out,
                                  .out_step = joined ? wide : out_step,
                                  .pixels = joined ? run.pixels / together_ : run.pixels,
                                  .low = clamp.low,
                                  .high = clamp.high};
  // Where taps do not lie evenly (a ring across columns, inputs that are repeated) each is a row of its own.
  pixels.taps = in.row_axis != 2 && multiplier_ == 1 ? run.taps.size() : 1;
  const Range ky_range = sliding_.rows.ValidTaps(y);
  for (int64_t ky = ky_range.begin; ky < ky_range.end && !run.taps.empty(); ++ky) {
    for (int64_t kx = run.taps.begin; kx < run.taps.end; kx += pixels.taps, ++pixels.num_rows) {
      const float* pixel = in.Pixel<float>(n, sliding_.rows.InputOf(y, ky), sliding_.columns.InputOf(run.x, kx));
      if (multiplier_ != 1) {
        for (int64_t c = 0; c < channels_; ++c) repeated[c] = pixel[c / multiplier_];
        pixel = repeated;
        repeated += channels_;
      }
      rows[pixels.num_rows] = {pixel, weights + (ky * sliding_.columns.taps + kx) * wide};
    }
  }
  kernels::RunDepthwise(pixels);
  if (!joined || run.pixels % together_ == 0) return;
  // The last group overlaps the one before it.
  const int64_t last = (run.pixels - together_) * channels_;
  for (int64_t r = 0; r < pixels.num_rows; ++r) rows[r].in += last;
  pixels.out += last;
  pixels.pixels = 1;
  kernels::RunDepthwise(pixels);
}

}  // namespace safelight
