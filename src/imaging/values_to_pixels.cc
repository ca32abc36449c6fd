// SPDX-License-Identifier: Apache-2.0
//
// VALUES_TO_PIXELS: a network's output becomes a picture.
#include <algorithm>

#include "imaging/pixel_ops.h"

namespace safelight {
namespace {

using kernels::kMaxPlanes;
using kernels::kPixelChunk;

Status Infer(InferContext& context) {
  const auto& attrs = context.attrs<ValuesToPixelsAttrs>();
  context.SetOutput(0, DTypeOf(attrs.type), {1, attrs.height, attrs.width, attrs.map.out});
  return {};
}

std::vector<AxisRule> Axes(const OpContext& context, int out_axis) {
  if (out_axis != 1 && out_axis != 2) return {};
  const auto& attrs = context.attrs<ValuesToPixelsAttrs>();
  const int axis = out_axis == 1 ? attrs.axes.height : attrs.axes.width;
  const int64_t before = out_axis == 1 ? attrs.top : attrs.left;
  std::vector<AxisRule> rules = {AxisRule::Window(axis, context.input(0).shape[axis], 1, before, 1)};
  for (int i = 1; i < context.num_inputs(); ++i) {
    rules.push_back(AxisRule::Same(out_axis, context.input(i).shape[out_axis]));
  }
  return rules;
}

class ToPixels : public Kernel {
 public:
  explicit ToPixels(const ValuesToPixelsAttrs& attrs) : attrs_(attrs), uniform_(attrs.map.is_uniform()) {}

  Status Run(const KernelArgs& args) const override {
    const Range rows = args.box.axis[1], columns = args.box.axis[2];
    for (int64_t y = rows.begin; y < rows.end; ++y) {
      for (int64_t x = columns.begin; x < columns.end; x += kPixelChunk) {
        RunChunk(args, y, x, static_cast<size_t>(std::min<int64_t>(columns.end - x, kPixelChunk)));
      }
    }
    return {};
  }

 private:
  void RunChunk(const KernelArgs& args, int64_t y, int64_t x, size_t count) const {
    const ChannelMap& map = attrs_.map;
    const Window &in = args.inputs[0], &out = args.outputs[0];
    std::byte* to = out.data + static_cast<size_t>(out.Offset(1, y) + out.Offset(2, x)) * DTypeSize(out.dtype);
    if (in.dtype == DType::kFloat32 && uniform_ && !attrs_.clamp_alpha && IsInterleaved(in)) {
      StoreUniform(in.at<float>(At(in, y, x)), count * static_cast<size_t>(map.out), FormOf(out.dtype), to);
      return;
    }
    alignas(64) float loaded[kMaxPlanes][kPixelChunk], mixed[4][kPixelChunk];
    const float* planes[kMaxPlanes];
    float* own[kMaxPlanes];
    for (int p = 0; p < kMaxPlanes; ++p) planes[p] = own[p] = loaded[p];
    LoadValues(in, y, x, count, own, planes);
    int next = attrs_.channels;
    for (size_t i = 1; i < args.inputs.size(); ++i) {
      const Window& more = args.inputs[i];
      const int channels = static_cast<int>(more.shape[3]);
      kernels::LoadPixels(more.at<float>(more.Offset(1, y) + more.Offset(2, x)), kernels::PixelForm::kF32, channels,
                          count, 1, own + next);
      next += channels;
    }
    float* mixes[4] = {mixed[0], mixed[1], mixed[2], mixed[3]};
    kernels::MixPlanes(planes, map.in, map.weights.data(), map.offsets.data(), count, map.out, mixes);
    if (attrs_.clamp_alpha) {
      float* alpha = mixes[map.out - 1];
      for (size_t i = 0; i < count; ++i) alpha[i] = std::clamp(alpha[i], 0.0f, 1.0f);
    }
    kernels::StorePixels(mixes, map.out, count, map.factor, FormOf(out.dtype), to);
  }

  int64_t At(const Window& in, int64_t y, int64_t x) const {
    return in.Offset(attrs_.axes.height, y + attrs_.top) + in.Offset(attrs_.axes.width, x + attrs_.left);
  }
  int64_t ChannelStep(const Window& in) const {
    return attrs_.axes.channel == kNone ? 1 : in.strides[attrs_.axes.channel];
  }
  bool IsInterleaved(const Window& in) const {
    return in.strides[attrs_.axes.width] == attrs_.channels && ChannelStep(in) == 1 && attrs_.channels <= 4;
  }

  // The tensor's channels as planes: where they lie if they are planes, else in `own`.
  void LoadValues(const Window& in, int64_t y, int64_t x, size_t count, float* const* own, const float** planes) const {
    const int64_t at = At(in, y, x), column_step = in.strides[attrs_.axes.width];
    const bool is_float = in.dtype == DType::kFloat32;
    if (is_float && IsInterleaved(in)) {
      kernels::LoadPixels(in.at<float>(at), kernels::PixelForm::kF32, attrs_.channels, count, 1, own);
      return;
    }
    for (int c = 0; c < attrs_.channels; ++c) {
      const int64_t begin = at + c * ChannelStep(in);
      if (is_float && column_step == 1) {
        planes[c] = in.at<float>(begin);
        continue;
      }
      for (size_t i = 0; i < count; ++i) {
        own[c][i] = LoadValue(in.data, attrs_.storage, begin + static_cast<int64_t>(i) * column_step);
      }
    }
  }

  // All channels alike: the row is a single long plane.
  void StoreUniform(const float* values, size_t count, kernels::PixelForm form, std::byte* to) const {
    const size_t size = form == kernels::PixelForm::kU8 ? 1 : form == kernels::PixelForm::kU16 ? 2 : 4;
    const bool plain = attrs_.map.weights[0] == 1 && attrs_.map.offsets[0] == 0;
    float chunk[kPixelChunk];
    for (size_t i = 0; i < count; i += kPixelChunk) {
      const size_t here = std::min(kPixelChunk, count - i);
      const float* from = values + i;
      if (!plain) {
        float* mix = chunk;
        kernels::MixPlanes(&from, 1, attrs_.map.weights.data(), attrs_.map.offsets.data(), here, 1, &mix);
        from = chunk;
      }
      kernels::StorePixels(&from, 1, here, attrs_.map.factor, form, to + i * size);
    }
  }

  const ValuesToPixelsAttrs& attrs_;  // of the node, which the plan keeps
  const bool uniform_;
};

Result<std::unique_ptr<Kernel>> Prepare(const OpContext& context, const PrepareOptions&) {
  return std::unique_ptr<Kernel>(std::make_unique<ToPixels>(context.attrs<ValuesToPixelsAttrs>()));
}

Status Reference(const OpContext& context, std::span<const ConstTensorView> inputs,
                 std::span<const TensorView> outputs) {
  SL_ASSIGN(const std::unique_ptr<Kernel> kernel, Prepare(context, {}));
  return RunWhole(*kernel, inputs, outputs);
}

}  // namespace

const OpDef values_to_pixels_op{
    .name = "VALUES_TO_PIXELS",
    .max_inputs = 3,
    .infer = Infer,
    .axes = Axes,
    .reference = Reference,
    .prepare = Prepare,
};

}  // namespace safelight
