// SPDX-License-Identifier: Apache-2.0
//
// BATCH_TO_SPACE_ND: block x block small pictures of the batch as one, its borders cropped.
#include "ops/support/batch_space.h"

namespace safelight {
namespace {

constexpr BlockDirection kDirection = BlockDirection::kBatchToSpace;

Status Infer(InferContext& context) {
  SL_ASSIGN(const BlockGrid grid, ReadBlockGrid(context));
  Shape shape = context.input(0).shape;
  for (int i = 0; i < grid.axes; ++i) {
    if (shape[0] % grid.block[i] != 0)
      return InvalidArgument("a batch of ", shape[0], " does not divide by block ", grid.block[i]);
    shape[0] /= grid.block[i];
    shape[i + 1] = shape[i + 1] * grid.block[i] - grid.pad_before[i] - grid.pad_after[i];
    if (shape[i + 1] < 0)
      return InvalidArgument("crops ", grid.pad_before[i], " and ", grid.pad_after[i], " take more than there is");
  }
  context.SetOutput(0, context.input(0).dtype, shape);
  return {};
}

std::vector<AxisRule> Axes(const OpContext& context, int out_axis) { return BlockAxes(context, kDirection, out_axis); }

Status Reference(const OpContext& context, std::span<const ConstTensorView> inputs,
                 std::span<const TensorView> outputs) {
  return BlockReference(context, kDirection, inputs, outputs);
}

Result<std::unique_ptr<Kernel>> Prepare(const OpContext& context, const PrepareOptions&) {
  return PrepareBlocks(context, kDirection);
}

}  // namespace

extern const OpDef batch_to_space_nd_op;
const OpDef batch_to_space_nd_op{
    .name = "BATCH_TO_SPACE_ND",
    .tflite_code = 37,
    .min_inputs = 3,
    .max_inputs = 3,
    .infer = Infer,
    .axes = Axes,
    .reference = Reference,
    .prepare = Prepare,
    .selects = true,
};

}  // namespace safelight
