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

// Half of the values are counted, for counting takes as long as the network: those of even indices of the last axis but
// one, pixels of a row or rows of a plane.
bool IsCounted(int64_t index) { return index % 2 == 0; }

// One run of the last axis; `in`, `out`: where the outer axes lie.
void AddRun(const KernelArgs& args, int64_t in, int64_t out, bool counted, StatsShard* shard) {
  const Window &from = args.inputs[0], &to = args.outputs[0];
  const int last = from.shape.rank() - 1;
  if (last >= 0) out += to.Offset(last, 0);
  *to.at<uint8_t>(out) = 0;
  const bool together = last < 0 || (from.strides[last] == 1 && last != from.row_axis);
  const int64_t count = last < 0 ? 1 : from.shape[last], runs = together ? 1 : count;
  for (int64_t i = 0; i < runs; ++i) {
    const float* values = from.at<float>(last < 0 ? in : in + from.Offset(last, i));
    shard->AddRange(values, count / runs);
    if (counted) shard->AddCounts(values, count / runs);
  }
}

// The runs of the box below `axis`.
void AddRuns(const KernelArgs& args, int axis, int64_t in, int64_t out, StatsShard* shard) {
  const Window &from = args.inputs[0], &to = args.outputs[0];
  const int last = from.shape.rank() - 1;
  if (axis >= last) return AddRun(args, in, out, true, shard);
  const Range range = args.box.axis[axis];
  const bool counts = axis == last - 1;
  // Pixels next to each other have one range.
  const bool joined = counts && from.strides[axis] == from.shape[last] && from.strides[last] == 1 &&
                      to.strides[axis] == 1 && axis != from.row_axis && last != from.row_axis && axis != to.row_axis;
  if (joined && !range.empty()) {
    std::memset(to.at<uint8_t>(out + to.Offset(axis, range.begin) + to.Offset(last, 0)), 0,
                static_cast<size_t>(range.size()));
    const float* values = from.at<float>(in + from.Offset(axis, range.begin) + from.Offset(last, 0));
    shard->AddRange(values, range.size() * from.shape[last]);
    for (int64_t i = range.begin; i < range.end; ++i) {
      if (IsCounted(i)) shard->AddCounts(values + (i - range.begin) * from.shape[last], from.shape[last]);
    }
    return;
  }
  for (int64_t i = range.begin; i < range.end; ++i) {
    const int64_t at_in = in + from.Offset(axis, i), at_out = out + to.Offset(axis, i);
    if (counts) {
      AddRun(args, at_in, at_out, IsCounted(i), shard);
    } else {
      AddRuns(args, axis + 1, at_in, at_out, shard);
    }
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
