// SPDX-License-Identifier: Apache-2.0
#include "ops/support/pool.h"

#include <algorithm>
#include <limits>

#include "ops/support/function_kernel.h"
#include "ops/support/quantized.h"
#include "ops/support/quantized_pool.h"

namespace safelight {
namespace {

Sliding SlidingOf(const OpContext& context) {
  const SlidingAttrs& attrs = context.attrs<SlidingAttrs>();
  return *MakeSliding(context.input(0).shape, attrs.filter_h, attrs.filter_w, attrs);
}

// One channel of one output pixel, tap by tap in the order of rows and columns.
float PlainPixel(PoolKind kind, const Sliding& s, const Window& in, const int64_t* at) {
  const Range ky_range = s.rows.ValidTaps(at[1]), kx_range = s.columns.ValidTaps(at[2]);
  float result = kind == PoolKind::kAverage ? 0.0f : std::numeric_limits<float>::lowest();
  for (int64_t ky = ky_range.begin; ky < ky_range.end; ++ky) {
    for (int64_t kx = kx_range.begin; kx < kx_range.end; ++kx) {
      const float value = in.Pixel<float>(at[0], s.rows.InputOf(at[1], ky), s.columns.InputOf(at[2], kx))[at[3]];
      result = kind == PoolKind::kAverage ? result + value : std::max(result, value);
    }
  }
  return kind == PoolKind::kAverage ? result / static_cast<float>(ky_range.size() * kx_range.size()) : result;
}

// Any windows at all: the reference, and the path of rings across columns.
void RunPlain(PoolKind kind, const Sliding& s, const kernels::Clamp& clamp, const KernelArgs& args) {
  const Window& out = args.outputs[0];
  const Range* box = args.box.axis;
  for (int64_t n = box[0].begin; n < box[0].end; ++n) {
    for (int64_t y = box[1].begin; y < box[1].end; ++y) {
      for (int64_t x = box[2].begin; x < box[2].end; ++x) {
        for (int64_t c = box[3].begin; c < box[3].end; ++c) {
          const int64_t at[] = {n, y, x, c};
          out.Pixel<float>(n, y, x)[c] = clamp(PlainPixel(kind, s, args.inputs[0], at));
        }
      }
    }
  }
}

class PoolKernel : public Kernel {
 public:
  PoolKernel(const OpContext& context, PoolKind kind)
      : kind_(kind), sliding_(SlidingOf(context)), clamp_(context.attrs<SlidingAttrs>().clamp) {}

  // The rows of a window.
  size_t scratch_bytes() const override {
    return static_cast<size_t>(std::min(sliding_.rows.taps, sliding_.rows.in)) * sizeof(float*);
  }

  Status Run(const KernelArgs& args) const override {
    const Range* box = args.box.axis;
    if (args.inputs[0].row_axis == 2 || args.outputs[0].row_axis == 2) {
      RunPlain(kind_, sliding_, clamp_, args);
      return {};
    }
    for (int64_t n = box[0].begin; n < box[0].end; ++n) {
      for (int64_t y = box[1].begin; y < box[1].end; ++y) {
        for (int64_t x = box[2].begin; x < box[2].end; ++x) RunPixel(args, n, y, x);
      }
    }
    return {};
  }

 private:
  void RunPixel(const KernelArgs& args, int64_t n, int64_t y, int64_t x) const {
    const Window &in = args.inputs[0], &out = args.outputs[0];
    const Range ky = sliding_.rows.ValidTaps(y), kx = sliding_.columns.ValidTaps(x);
    const float** rows = reinterpret_cast<const float**>(args.scratch);
    for (int64_t k = ky.begin; k < ky.end; ++k) {
      rows[k - ky.begin] = in.Pixel<float>(n, sliding_.rows.InputOf(y, k), sliding_.columns.InputOf(x, kx.begin));
    }
    const kernels::PoolPixel pixel{.rows = rows,
                                   .num_rows = ky.size(),
                                   .taps = kx.size(),
                                   .pixel_step = in.strides[2],
                                   .channels = out.shape[3],
                                   .low = clamp_.low,
                                   .high = clamp_.high};
    kernels::RunPool(kind_, pixel, out.Pixel<float>(n, y, x));
  }

  const PoolKind kind_;
  const Sliding sliding_;
  const kernels::Clamp clamp_;
};

}  // namespace

Result<std::shared_ptr<const OpAttrs>> ReadPool(const AttrReader& reader) {
  return ReadSliding(reader, {.padding = 0,
                              .stride_w = 1,
                              .stride_h = 2,
                              .activation = 5,
                              .dilation_w = -1,
                              .dilation_h = -1,
                              .filter_w = 3,
                              .filter_h = 4,
                              .multiplier = -1});
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
  if (out_axis == 3) return {};  // channels stay together
  return {AxisRule::Same(out_axis, context.input(0).shape[out_axis])};
}

Status PoolReference(const OpContext& context, PoolKind kind, std::span<const ConstTensorView> inputs,
                     std::span<const TensorView> outputs) {
  if (IsQuantizedType(context.input(0).dtype)) {
    SL_ASSIGN(const auto kernel, PrepareQuantizedPool(context, kind, SlidingOf(context)));
    return RunWhole(*kernel, inputs, outputs);
  }
  SL_TRY(CheckFloat(context));
  const Window in = WholeWindow(inputs[0].dtype, inputs[0].shape, const_cast<void*>(inputs[0].data));
  const Window out = WholeWindow(outputs[0].dtype, outputs[0].shape, outputs[0].data);
  RunPlain(kind, SlidingOf(context), context.attrs<SlidingAttrs>().clamp,
           {{&in, 1}, {&out, 1}, WholeBox(out.shape), nullptr});
  return {};
}

std::shared_ptr<const OpAttrs> RescalePool(const OpContext& before, const OpContext& after) {
  const SlidingAttrs& attrs = before.attrs<SlidingAttrs>();
  const Shape &old_in = before.input(0).shape, &new_in = after.input(0).shape;
  const bool all = attrs.padding == Padding::kValid && attrs.filter_h == old_in[1] && attrs.filter_w == old_in[2];
  // One pixel of one pixel says nothing.
  if (!all || old_in[1] * old_in[2] == 1 || new_in.rank() != 4 || new_in == old_in) return nullptr;
  auto rescaled = std::make_shared<SlidingAttrs>(attrs);
  rescaled->filter_h = new_in[1];
  rescaled->filter_w = new_in[2];
  return rescaled;
}

Result<std::unique_ptr<Kernel>> PreparePool(const OpContext& context, PoolKind kind) {
  if (IsQuantizedType(context.input(0).dtype)) return PrepareQuantizedPool(context, kind, SlidingOf(context));
  SL_TRY(CheckFloat(context));
  return std::unique_ptr<Kernel>(std::make_unique<PoolKernel>(context, kind));
}

}  // namespace safelight
