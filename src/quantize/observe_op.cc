// SPDX-License-Identifier: Apache-2.0
#include "quantize/observe_op.h"

#include <cstring>
#include <utility>

namespace safelight {
namespace {

Status Infer(InferContext& context) {
  Shape shape = context.input(0).shape;
  if (context.input(0).dtype != DType::kFloat32) return InvalidArgument("only float32 values are observed");
  if (shape.rank() > 0) shape[shape.rank() - 1] = 1;
  context.SetOutput(0, DType::kUInt8, shape);
  return {};
}

std::vector<AxisRule> Axes(const OpContext& context, int out_axis) {
  const Shape& shape = context.input(0).shape;
  return {out_axis == shape.rank() - 1 ? AxisRule::All() : AxisRule::Same(out_axis, shape[out_axis])};
}

// Adds the runs of the box below `axis`; `in`, `out`: where the outer axes lie.
void AddRuns(const KernelArgs& args, int axis, int64_t in, int64_t out, StatsShard* shard) {
  const Window &from = args.inputs[0], &to = args.outputs[0];
  const int last = from.shape.rank() - 1;
  if (axis >= last) {
    const int64_t count = last < 0 ? 1 : from.shape[last];
    if (last >= 0) out += to.Offset(last, 0);
    *to.at<uint8_t>(out) = 0;
    if (last < 0 || (from.strides[last] == 1 && last != from.row_axis)) {
      shard->Add(from.at<float>(last < 0 ? in : in + from.Offset(last, 0)), count);
      return;
    }
    for (int64_t i = 0; i < count; ++i) shard->Add(from.at<float>(in + from.Offset(last, i)), 1);
    return;
  }
  for (int64_t i = args.box.axis[axis].begin; i < args.box.axis[axis].end; ++i) {
    AddRuns(args, axis + 1, in + from.Offset(axis, i), out + to.Offset(axis, i), shard);
  }
}

class ObserveKernel : public Kernel {
 public:
  explicit ObserveKernel(std::shared_ptr<ValueStats> stats) : stats_(std::move(stats)) {}
  Status Run(const KernelArgs& args) const override {
    if (args.inputs[0].shape.elements() == 0) return {};
    std::unique_ptr<StatsShard> shard = stats_->Take();
    AddRuns(args, 0, 0, 0, shard.get());
    stats_->GiveBack(std::move(shard));
    return {};
  }

 private:
  const std::shared_ptr<ValueStats> stats_;
};

Status Reference(const OpContext& context, std::span<const ConstTensorView> inputs,
                 std::span<const TensorView> outputs) {
  return RunWhole(ObserveKernel(context.attrs<ObserveAttrs>().stats), inputs, outputs);
}

Result<std::unique_ptr<Kernel>> Prepare(const OpContext& context, const PrepareOptions&) {
  return std::unique_ptr<Kernel>(std::make_unique<ObserveKernel>(context.attrs<ObserveAttrs>().stats));
}

Status InferAccumulate(InferContext& context) {
  context.SetOutput(0, DType::kUInt8, {1});
  return {};
}

Status Accumulate(const OpContext& context, std::span<const ConstTensorView> inputs,
                  std::span<const TensorView> outputs) {
  MeanSums& to = *context.attrs<AccumulateAttrs>().to;
  const auto count = static_cast<size_t>(inputs[0].shape.elements());
  to.sums.resize(count, 0);
  for (size_t i = 0; i < count; ++i) to.sums[i] += static_cast<double>(static_cast<const float*>(inputs[0].data)[i]);
  ++to.runs;
  *static_cast<uint8_t*>(outputs[0].data) = 0;
  return {};
}

}  // namespace

const OpDef accumulate_op{
    .name = "ACCUMULATE",
    .infer = InferAccumulate,
    .reference = Accumulate,
};

const OpDef observe_op{
    .name = "OBSERVE",
    .infer = Infer,
    .axes = Axes,
    .reference = Reference,
    .prepare = Prepare,
};

}  // namespace safelight
