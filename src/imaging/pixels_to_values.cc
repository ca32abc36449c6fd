// SPDX-License-Identifier: Apache-2.0
//
// PIXELS_TO_VALUES: pictures become a network's input.
#include <algorithm>
#include <cstring>

#include "imaging/pixel_ops.h"

namespace safelight {
namespace {

using kernels::kPixelChunk;

Status Infer(InferContext& context) {
  const auto& attrs = context.attrs<PixelsToValuesAttrs>();
  context.SetOutput(0, attrs.storage.dtype, attrs.shape);
  return {};
}

// The picture's indices along one axis for those of the tensor: shifted, and reflected where it ends.
AxisRule Places(int64_t made, int64_t before, int in_axis, int64_t size) {
  if (before == 0 && made == size) return AxisRule::Same(in_axis, size);
  std::vector<Range> table(static_cast<size_t>(made));
  for (int64_t i = 0; i < made; ++i) {
    const int64_t at = Reflect(i - before, size);
    table[static_cast<size_t>(i)] = {at, at + 1};
  }
  return AxisRule::Table(in_axis, size, std::move(table));
}

std::vector<AxisRule> Axes(const OpContext& context, int out_axis) {
  const auto& attrs = context.attrs<PixelsToValuesAttrs>();
  const Shape& picture = context.input(0).shape;
  const auto all = [&](const AxisRule& rule) {
    return std::vector<AxisRule>(static_cast<size_t>(context.num_inputs()), rule);
  };
  if (out_axis == attrs.axes.height) return all(Places(attrs.shape[out_axis], attrs.top, 1, picture[1]));
  if (out_axis == attrs.axes.width) return all(Places(attrs.shape[out_axis], attrs.left, 2, picture[2]));
  return {};
}

class ToValues : public Kernel {
 public:
  explicit ToValues(const PixelsToValuesAttrs& attrs) : attrs_(attrs), uniform_(attrs.map.is_uniform()) {}

  Status Run(const KernelArgs& args) const override {
    const Range rows = args.box.axis[attrs_.axes.height];
    for (size_t frame = 0; frame < args.inputs.size(); ++frame) {
      for (int64_t y = rows.begin; y < rows.end; ++y) RunRow(args, static_cast<int>(frame), y);
    }
    return {};
  }

 private:
  void RunRow(const KernelArgs& args, int frame, int64_t y) const {
    const Window& in = args.inputs[static_cast<size_t>(frame)];
    const Window& out = args.outputs[0];
    const Range columns = args.box.axis[attrs_.axes.width];
    const size_t pixel_bytes = DTypeSize(in.dtype) * static_cast<size_t>(in.shape[3]);
    const int64_t row = in.Offset(1, Reflect(y - attrs_.top, in.shape[1]));
    const auto pixel = [&](int64_t x) {
      return in.data + static_cast<size_t>(row + in.Offset(2, x)) * DTypeSize(in.dtype);
    };
    std::byte gathered[kPixelChunk * 4 * sizeof(float)];
    for (int64_t x = columns.begin; x < columns.end;) {
      const int64_t count = std::min<int64_t>(columns.end - x, kPixelChunk);
      const int64_t first = x - attrs_.left;
      if (first >= 0 && first + count <= in.shape[2]) {
        Convert(pixel(first), in, static_cast<size_t>(count), frame, out, y, x);
      } else {
        for (int64_t i = 0; i < count; ++i) {
          std::memcpy(gathered + static_cast<size_t>(i) * pixel_bytes, pixel(Reflect(first + i, in.shape[2])),
                      pixel_bytes);
        }
        Convert(gathered, in, static_cast<size_t>(count), frame, out, y, x);
      }
      x += count;
    }
  }

  void Convert(const std::byte* pixels, const Window& in, size_t count, int frame, const Window& out, int64_t y,
               int64_t x) const {
    const ChannelMap& map = attrs_.map;
    const PictureAxes& axes = attrs_.axes;
    int64_t at = out.Offset(axes.height, y) + out.Offset(axes.width, x);
    const int64_t column_step = out.strides[axes.width];
    const int64_t channel_step = axes.channel == kNone ? 0 : out.strides[axes.channel];
    at += frame * map.out * channel_step;
    const bool is_float = out.dtype == DType::kFloat32;
    if (is_float && uniform_ && column_step == map.out && (map.out == 1 || channel_step == 1)) {
      ConvertUniform(pixels, FormOf(in.dtype), count * static_cast<size_t>(map.out), out.at<float>(at));
      return;
    }
    alignas(64) float loaded[4][kPixelChunk], mixed[4][kPixelChunk];
    float *loads[4] = {loaded[0], loaded[1], loaded[2], loaded[3]},
          *mixes[4] = {mixed[0], mixed[1], mixed[2], mixed[3]};
    kernels::LoadPixels(pixels, FormOf(in.dtype), map.in, count, map.divisor, loads);
    kernels::MixPlanes(loads, map.in, map.weights.data(), map.offsets.data(), count, map.out, mixes);
    if (is_float && column_step == map.out && channel_step == 1) {
      kernels::StorePixels(mixes, map.out, count, 1, kernels::PixelForm::kF32, out.at<float>(at));
      return;
    }
    for (int k = 0; k < map.out; ++k) {
      const int64_t begin = at + k * channel_step;
      if (is_float && column_step == 1) {
        std::memcpy(out.at<float>(begin), mixes[k], count * sizeof(float));
        continue;
      }
      for (size_t i = 0; i < count; ++i) {
        StoreValue(out.data, attrs_.storage, begin + static_cast<int64_t>(i) * column_step, mixes[k][i]);
      }
    }
  }

  // All channels alike: the row is a single long plane.
  void ConvertUniform(const std::byte* pixels, kernels::PixelForm form, size_t count, float* to) const {
    const size_t size = form == kernels::PixelForm::kU8 ? 1 : form == kernels::PixelForm::kU16 ? 2 : 4;
    const bool plain = attrs_.map.weights[0] == 1 && attrs_.map.offsets[0] == 0;
    float chunk[kPixelChunk];
    for (size_t i = 0; i < count; i += kPixelChunk) {
      const size_t here = std::min(kPixelChunk, count - i);
      float *load = plain ? to + i : chunk, *mix = to + i;
      kernels::LoadPixels(pixels + i * size, form, 1, here, attrs_.map.divisor, &load);
      if (!plain) {
        kernels::MixPlanes(&load, 1, attrs_.map.weights.data(), attrs_.map.offsets.data(), here, 1, &mix);
      }
    }
  }

  const PixelsToValuesAttrs& attrs_;  // of the node, which the plan keeps
  const bool uniform_;
};

Result<std::unique_ptr<Kernel>> Prepare(const OpContext& context, const PrepareOptions&) {
  return std::unique_ptr<Kernel>(std::make_unique<ToValues>(context.attrs<PixelsToValuesAttrs>()));
}

Status Reference(const OpContext& context, std::span<const ConstTensorView> inputs,
                 std::span<const TensorView> outputs) {
  SL_ASSIGN(const std::unique_ptr<Kernel> kernel, Prepare(context, {}));
  return RunWhole(*kernel, inputs, outputs);
}

}  // namespace

const OpDef pixels_to_values_op{
    .name = "PIXELS_TO_VALUES",
    .max_inputs = OpDef::kVariadic,
    .infer = Infer,
    .axes = Axes,
    .reference = Reference,
    .prepare = Prepare,
};

}  // namespace safelight
