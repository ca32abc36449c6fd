// SPDX-License-Identifier: Apache-2.0
//
// RESIZE_BILINEAR: each pixel from its four neighbours in the input, by distance.
#include <algorithm>

#include "kernels/resize.h"
#include "ops/support/function_kernel.h"
#include "ops/support/quantized.h"
#include "ops/support/resize_axis.h"
#include "ops/support/resize_fixed.h"

namespace safelight {
namespace {

Result<std::shared_ptr<const OpAttrs>> Read(const AttrReader& reader) {
  constexpr int kAlignCorners = 2, kHalfPixelCenters = 3;
  // TFLite takes both for the nearest neighbour, but not here.
  if (reader.Bool(kAlignCorners, false) && reader.Bool(kHalfPixelCenters, false)) {
    return InvalidArgument("align_corners and half_pixel_centers are both set");
  }
  return ReadResize(reader, kAlignCorners, kHalfPixelCenters);
}

std::vector<AxisRule> Axes(const OpContext& context, int out_axis) {
  return ResizeAxes(context, out_axis, BilinearTapsOf(context.input(0).dtype));
}

Status CheckType(const OpContext& context) {
  const DType dtype = context.input(0).dtype;
  return dtype == DType::kFloat32 ? Status() : Unsupported(DTypeName(dtype), " arithmetic is not built yet");
}

class ResizeKernel : public Kernel {
 public:
  explicit ResizeKernel(const OpContext& context)
      : rows_(TapsOfAxis(context, 1, BilinearTaps)), columns_(TapsOfAxis(context, 2, BilinearTaps)) {
    const int64_t channels = context.input(0).shape[3];
    for (const ResizeTap& tap : columns_) places_.push_back({tap.low * channels, tap.high * channels, tap.weight});
  }
  Status Run(const KernelArgs& args) const override {
    const Window &in = args.inputs[0], &out = args.outputs[0];
    const Range* box = args.box.axis;
    // Pixels of a ring of columns are looked up one by one.
    const bool together = in.row_axis != 2 && out.row_axis != 2 && in.strides[2] == in.shape[3];
    for (int64_t n = box[0].begin; n < box[0].end; ++n) {
      for (int64_t y = box[1].begin; y < box[1].end; ++y) {
        if (together) {
          RunPixels(args, n, y, box[2], in.Offset(2, 0), places_.data() + box[2].begin);
          continue;
        }
        for (int64_t x = box[2].begin; x < box[2].end; ++x) {
          const ResizeTap& tap = columns_[x];
          const kernels::BlendColumn place{in.Offset(2, tap.low), in.Offset(2, tap.high), tap.weight};
          RunPixels(args, n, y, {x, x + 1}, 0, &place);
        }
      }
    }
    return {};
  }

 private:
  // `places` are floats from `column` on.
  void RunPixels(const KernelArgs& args, int64_t n, int64_t y, Range xs, int64_t column,
                 const kernels::BlendColumn* places) const {
    const Window &in = args.inputs[0], &out = args.outputs[0];
    kernels::RunBlendRow({.top = in.at<float>(in.Offset(0, n) + in.Offset(1, rows_[y].low) + column),
                          .bottom = in.at<float>(in.Offset(0, n) + in.Offset(1, rows_[y].high) + column),
                          .weight = rows_[y].weight,
                          .columns = places,
                          .pixels = xs.size(),
                          .channels = out.shape[3],
                          .out = out.Pixel<float>(n, y, xs.begin),
                          .out_step = out.strides[2]});
  }

  const std::vector<ResizeTap> rows_, columns_;
  std::vector<kernels::BlendColumn> places_;  // of columns that lie side by side
};

Result<std::unique_ptr<Kernel>> Prepare(const OpContext& context, const PrepareOptions&) {
  if (IsQuantizedType(context.input(0).dtype)) return PrepareQuantizedResize(context);
  SL_TRY(CheckType(context));
  return std::unique_ptr<Kernel>(std::make_unique<ResizeKernel>(context));
}

Status Reference(const OpContext& context, std::span<const ConstTensorView> inputs,
                 std::span<const TensorView> outputs) {
  if (IsQuantizedType(context.input(0).dtype)) {
    SL_ASSIGN(const auto kernel, PrepareQuantizedResize(context));
    return RunWhole(*kernel, inputs, outputs);
  }
  SL_TRY(CheckType(context));
  const std::vector<ResizeTap> rows = TapsOfAxis(context, 1, BilinearTaps);
  const std::vector<ResizeTap> columns = TapsOfAxis(context, 2, BilinearTaps);
  const Shape &in = inputs[0].shape, &out = outputs[0].shape;
  const float* data = static_cast<const float*>(inputs[0].data);
  float* result = static_cast<float*>(outputs[0].data);
  for (int64_t i = 0; i < out.elements(); ++i) {
    const int64_t c = i % out[3], n = i / out[3] / out[2] / out[1];
    const ResizeTap &row = rows[i / out[3] / out[2] % out[1]], &column = columns[i / out[3] % out[2]];
    const auto at = [&](int64_t y, int64_t x) { return data[((n * in[1] + y) * in[2] + x) * in[3] + c]; };
    result[i] = at(row.low, column.low) * (1 - row.weight) * (1 - column.weight) +
                at(row.high, column.low) * row.weight * (1 - column.weight) +
                at(row.low, column.high) * (1 - row.weight) * column.weight +
                at(row.high, column.high) * row.weight * column.weight;
  }
  return {};
}

}  // namespace

extern const OpDef resize_bilinear_op;
const OpDef resize_bilinear_op{
    .name = "RESIZE_BILINEAR",
    .tflite_code = 23,
    .min_inputs = 2,
    .max_inputs = 2,
    .read = Read,
    .infer = InferResize,
    .axes = Axes,
    .reference = Reference,
    .prepare = Prepare,
    .shape_inputs = 2,
    .rescale = RescaleResize,
    .size_follows_join = true,
};

}  // namespace safelight
