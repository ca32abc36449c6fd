// SPDX-License-Identifier: Apache-2.0
#include "ops/support/pool.h"

#include <algorithm>
#include <limits>

namespace safelight {
namespace {

Sliding SlidingOf(const OpContext& context) {
  const SlidingAttrs& attrs = context.attrs<SlidingAttrs>();
  return *MakeSliding(context.input(0).shape, attrs.filter_h, attrs.filter_w, attrs);
}

// Sums (or maxima) of each channel, tap by tap in the order of rows and columns.
void PoolPixel(PoolKind kind, const Sliding& s, const kernels::Clamp& clamp, const Window& in, int64_t n, int64_t y,
               int64_t x, Range channels, float* out) {
  const Range ky = s.rows.ValidTaps(y), kx = s.columns.ValidTaps(x);
  const float start = kind == PoolKind::kAverage ? 0.0f : std::numeric_limits<float>::lowest();
  for (int64_t c = channels.begin; c < channels.end; ++c) out[c] = start;
  for (int64_t v = ky.begin; v < ky.end; ++v) {
    for (int64_t u = kx.begin; u < kx.end; ++u) {
      const float* pixel = in.Pixel<float>(n, y * s.rows.stride - s.rows.pad + v, x * s.columns.stride - s.columns.pad + u);
      if (kind == PoolKind::kAverage) {
        for (int64_t c = channels.begin; c < channels.end; ++c) out[c] += pixel[c];
      } else {
        for (int64_t c = channels.begin; c < channels.end; ++c) out[c] = std::max(out[c], pixel[c]);
      }
    }
  }
  const float count = static_cast<float>(ky.size() * kx.size());
  for (int64_t c = channels.begin; c < channels.end; ++c) {
    const float value = kind == PoolKind::kAverage ? out[c] / count : out[c];
    out[c] = std::min(clamp.high, std::max(clamp.low, value));
  }
}

class PoolKernel : public Kernel {
 public:
  PoolKernel(const OpContext& context, PoolKind kind)
      : kind_(kind), sliding_(SlidingOf(context)), clamp_(context.attrs<SlidingAttrs>().clamp) {}
  Status Run(const KernelArgs& args) const override {
    const Range* box = args.box.axis;
    for (int64_t n = box[0].begin; n < box[0].end; ++n) {
      for (int64_t y = box[1].begin; y < box[1].end; ++y) {
        for (int64_t x = box[2].begin; x < box[2].end; ++x) {
          PoolPixel(kind_, sliding_, clamp_, args.inputs[0], n, y, x, box[3], args.outputs[0].Pixel<float>(n, y, x));
        }
      }
    }
    return {};
  }

 private:
  const PoolKind kind_;
  const Sliding sliding_;
  const kernels::Clamp clamp_;
};

}  // namespace

Result<std::shared_ptr<const OpAttrs>> ReadPool(const AttrReader& reader) {
  return ReadSliding(reader, {.padding = 0, .stride_w = 1, .stride_h = 2, .activation = 5, .dilation_w = -1,
                              .dilation_h = -1, .filter_w = 3, .filter_h = 4, .multiplier = -1});
}

Status InferPool(InferContext& context) {
  SL_TRY(CheckPicture(context, 0));
  const SlidingAttrs& attrs = context.attrs<SlidingAttrs>();
  const Shape& in = context.input(0).shape;
  SL_ASSIGN(const Sliding sliding, MakeSliding(in, attrs.filter_h, attrs.filter_w, attrs));
  context.SetOutput(0, context.input(0).dtype, {in[0], sliding.rows.out, sliding.columns.out, in[3]});
  return {};
}

std::vector<AxisRule> PoolAxes(const OpContext& context, int out_axis) {
  const Sliding sliding = SlidingOf(context);
  if (out_axis == 1) return {sliding.rows.Rule(1)};
  if (out_axis == 2) return {sliding.columns.Rule(2)};
  // The loops run over neighbouring channels, which a ring along them would tear apart.
  if (out_axis == 3) return {};
  return {AxisRule::Same(out_axis, context.input(0).shape[out_axis])};
}

Status PoolReference(const OpContext& context, PoolKind kind, std::span<const ConstTensorView> inputs,
                     std::span<const TensorView> outputs) {
  SL_TRY(CheckFloat(context));
  const Window in = WholeWindow(inputs[0].dtype, inputs[0].shape, const_cast<void*>(inputs[0].data));
  const Window out = WholeWindow(outputs[0].dtype, outputs[0].shape, outputs[0].data);
  return PoolKernel(context, kind).Run({{&in, 1}, {&out, 1}, WholeBox(out.shape), nullptr});
}

Result<std::unique_ptr<Kernel>> PreparePool(const OpContext& context, PoolKind kind) {
  SL_TRY(CheckFloat(context));
  return std::unique_ptr<Kernel>(std::make_unique<PoolKernel>(context, kind));
}

}  // namespace safelight
