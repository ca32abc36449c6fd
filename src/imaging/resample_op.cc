// SPDX-License-Identifier: Apache-2.0
//
// RESAMPLE: a float picture at another size along one axis.
#include <algorithm>

#include "imaging/pixel_ops.h"
#include "kernels/image_rows.h"

namespace safelight {
namespace {

Status Infer(InferContext& context) {
  const auto& attrs = context.attrs<ResampleAttrs>();
  Shape shape = context.input(0).shape;
  shape[attrs.axis] = attrs.out_size;
  context.SetOutput(0, DType::kFloat32, shape);
  return {};
}

std::vector<AxisRule> Axes(const OpContext& context, int out_axis) {
  const auto& attrs = context.attrs<ResampleAttrs>();
  const int64_t size = context.input(0).shape[out_axis];
  if (out_axis != attrs.axis) return {AxisRule::Same(out_axis, size)};
  std::vector<Range> table;
  for (const int64_t first : attrs.taps.first) table.push_back({first, first + attrs.taps.run});
  return {AxisRule::Table(out_axis, size, std::move(table))};
}

class Resampling : public Kernel {
 public:
  explicit Resampling(const ResampleAttrs& attrs) : attrs_(attrs) {}
  size_t scratch_bytes() const override { return static_cast<size_t>(attrs_.taps.run) * sizeof(const float*); }

  Status Run(const KernelArgs& args) const override {
    const Range rows = args.box.axis[1], columns = args.box.axis[2];
    const Window &in = args.inputs[0], &out = args.outputs[0];
    const auto channels = in.shape[3];
    for (int64_t y = rows.begin; y < rows.end; ++y) {
      float* to = out.at<float>(out.Offset(1, y) + out.Offset(2, columns.begin));
      if (attrs_.axis == 1) {
        Sum(in, y, columns, reinterpret_cast<const float**>(args.scratch), to);
      } else {
        Across(in, in.Offset(1, y), columns, channels, to);
      }
    }
    return {};
  }

 private:
  void Sum(const Window& in, int64_t y, Range columns, const float** rows, float* to) const {
    const int64_t first = attrs_.taps.first[static_cast<size_t>(y)];
    for (int64_t k = 0; k < attrs_.taps.run; ++k) {
      rows[k] = in.at<float>(in.Offset(1, first + k) + in.Offset(2, columns.begin));
    }
    ImageWeightedSum(rows, attrs_.taps.WeightsOf(y), static_cast<size_t>(attrs_.taps.run),
                     static_cast<size_t>(columns.size() * in.shape[3]), to);
  }

  void Across(const Window& in, int64_t row, Range columns, int64_t channels, float* to) const {
    for (int64_t x = columns.begin; x < columns.end; ++x) {
      const float* from = in.at<float>(row + in.Offset(2, attrs_.taps.first[static_cast<size_t>(x)]));
      const float* weights = attrs_.taps.WeightsOf(x);
      for (int64_t c = 0; c < channels; ++c) {
        float sum = 0;
        for (int64_t k = 0; k < attrs_.taps.run; ++k) sum += weights[k] * from[k * channels + c];
        *to++ = sum;
      }
    }
  }

  const ResampleAttrs& attrs_;  // of the node, which the plan keeps
};

Result<std::unique_ptr<Kernel>> Prepare(const OpContext& context, const PrepareOptions&) {
  return std::unique_ptr<Kernel>(std::make_unique<Resampling>(context.attrs<ResampleAttrs>()));
}

Status Reference(const OpContext& context, std::span<const ConstTensorView> inputs,
                 std::span<const TensorView> outputs) {
  SL_ASSIGN(const std::unique_ptr<Kernel> kernel, Prepare(context, {}));
  return RunWhole(*kernel, inputs, outputs);
}

}  // namespace

const OpDef resample_op{
    .name = "RESAMPLE",
    .infer = Infer,
    .axes = Axes,
    .reference = Reference,
    .prepare = Prepare,
};

}  // namespace safelight
