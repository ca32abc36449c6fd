// SPDX-License-Identifier: Apache-2.0
//
// SPACE_TO_BATCH_ND and BATCH_TO_SPACE_ND: pixels of a block spread over the batch, and back.
#pragma once

#include "ops/support/movement.h"

namespace safelight {

// n h w c, or n h c with one block axis. `pads` are paddings (space to batch) or crops.
struct BlockGrid {
  int axes = 2;  // block axes: 1 or 2
  int64_t block[2] = {1, 1}, pad_before[2] = {0, 0}, pad_after[2] = {0, 0};
};
Result<BlockGrid> ReadBlockGrid(const OpContext& context);

// Copies the pixel of the batch item `batch` at `at` (per block axis) of the small pictures to or from its place.
enum class BlockDirection { kSpaceToBatch, kBatchToSpace };
std::vector<AxisRule> BlockAxes(const OpContext& context, BlockDirection direction, int out_axis);
Result<std::unique_ptr<Kernel>> PrepareBlocks(const OpContext& context, BlockDirection direction);
Status BlockReference(const OpContext& context, BlockDirection direction, std::span<const ConstTensorView> inputs,
                      std::span<const TensorView> outputs);

}  // namespace safelight
