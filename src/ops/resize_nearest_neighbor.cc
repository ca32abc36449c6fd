// SPDX-License-Identifier: Apache-2.0
//
// RESIZE_NEAREST_NEIGHBOR: each pixel is a pixel of the input.
#include <cstring>

#include "ops/support/resize_axis.h"

namespace safelight {
namespace {

Result<std::shared_ptr<const OpAttrs>> Read(const AttrReader& reader) { return ReadResize(reader, 0, 1); }

std::vector<AxisRule> Axes(const OpContext& context, int out_axis) {
  return ResizeAxes(context, out_axis, NearestTaps);
}

class ResizeKernel : public Kernel {
 public:
  explicit ResizeKernel(const OpContext& context)
      : rows_(TapsOfAxis(context, 1, NearestTaps)),
        columns_(TapsOfAxis(context, 2, NearestTaps)),
        element_bytes_(static_cast<int64_t>(DTypeSize(context.input(0).dtype))) {}
  Status Run(const KernelArgs& args) const override {
    const Range* box = args.box.axis;
    for (int64_t n = box[0].begin; n < box[0].end; ++n) {
      for (int64_t y = box[1].begin; y < box[1].end; ++y) {
        for (int64_t x = box[2].begin; x < box[2].end; ++x) CopyPixel(args, n, y, x);
      }
    }
    return {};
  }

 private:
  void CopyPixel(const KernelArgs& args, int64_t n, int64_t y, int64_t x) const {
    const Window &in = args.inputs[0], &out = args.outputs[0];
    const int64_t from = in.Offset(0, n) + in.Offset(1, rows_[y].low) + in.Offset(2, columns_[x].low);
    const int64_t to = out.Offset(0, n) + out.Offset(1, y) + out.Offset(2, x);
    std::memcpy(out.data + to * element_bytes_, in.data + from * element_bytes_,
                static_cast<size_t>(out.shape[3] * element_bytes_));
  }

  const std::vector<ResizeTap> rows_, columns_;
  const int64_t element_bytes_;
};

Result<std::unique_ptr<Kernel>> Prepare(const OpContext& context, const PrepareOptions&) {
  const DType dtype = context.input(0).dtype;
  if (DTypeSize(dtype) == 0) return Unsupported("pictures of ", DTypeName(dtype));
  return std::unique_ptr<Kernel>(std::make_unique<ResizeKernel>(context));
}

Status Reference(const OpContext& context, std::span<const ConstTensorView> inputs,
                 std::span<const TensorView> outputs) {
  const size_t bytes = DTypeSize(context.input(0).dtype);
  if (bytes == 0) return Unsupported("pictures of ", DTypeName(context.input(0).dtype));
  const std::vector<ResizeTap> rows = TapsOfAxis(context, 1, NearestTaps);
  const std::vector<ResizeTap> columns = TapsOfAxis(context, 2, NearestTaps);
  const Shape &in = inputs[0].shape, &out = outputs[0].shape;
  for (int64_t i = 0; i < out.elements(); ++i) {
    const int64_t c = i % out[3], n = i / out[3] / out[2] / out[1];
    const int64_t y = rows[i / out[3] / out[2] % out[1]].low, x = columns[i / out[3] % out[2]].low;
    const int64_t from = ((n * in[1] + y) * in[2] + x) * in[3] + c;
    std::memcpy(static_cast<std::byte*>(outputs[0].data) + static_cast<size_t>(i) * bytes,
                static_cast<const std::byte*>(inputs[0].data) + static_cast<size_t>(from) * bytes, bytes);
  }
  return {};
}

}  // namespace

extern const OpDef resize_nearest_neighbor_op;
const OpDef resize_nearest_neighbor_op{
    .name = "RESIZE_NEAREST_NEIGHBOR",
    .tflite_code = 97,
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
    .selects = true,
};

}  // namespace safelight
