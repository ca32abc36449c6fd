// SPDX-License-Identifier: Apache-2.0
//
// SPACE_TO_BATCH_ND: the padded picture as block x block small pictures in the batch.
#include "ops/support/batch_space.h"

namespace safelight {
namespace {

constexpr BlockDirection kDirection = BlockDirection::kSpaceToBatch;

Status Infer(InferContext& context) {
  SL_ASSIGN(const BlockGrid grid, ReadBlockGrid(context));
  Shape shape = context.input(0).shape;
  for (int i = 0; i < grid.axes; ++i) {
    const int64_t padded = shape[i + 1] + grid.pad_before[i] + grid.pad_after[i];
    if (padded % grid.block[i] != 0)
      return InvalidArgument("padded size ", padded, " does not divide by block ", grid.block[i]);
    shape[i + 1] = padded / grid.block[i];
    shape[0] *= grid.block[i];
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

extern const OpDef space_to_batch_nd_op;
const OpDef space_to_batch_nd_op{
    .name = "SPACE_TO_BATCH_ND",
    .tflite_code = 38,
    .min_inputs = 3,
    .max_inputs = 3,
    .infer = Infer,
    .axes = Axes,
    .reference = Reference,
    .prepare = Prepare,
};

}  // namespace safelight
