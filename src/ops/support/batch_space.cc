// SPDX-License-Identifier: Apache-2.0
#include "ops/support/batch_space.h"

#include <cstring>

namespace safelight {
namespace {

class BlockKernel : public Kernel {
 public:
  BlockKernel(const BlockGrid& grid, BlockDirection direction) : grid_(grid), direction_(direction) {}

  Status Run(const KernelArgs& args) const override {
    const Range* box = args.box.axis;
    const Range single{0, 1};
    for (int64_t n = box[0].begin; n < box[0].end; ++n) {
      for (int64_t y = box[1].begin; y < box[1].end; ++y) {
        const Range columns = grid_.axes == 2 ? box[2] : single;
        for (int64_t x = columns.begin; x < columns.end; ++x) CopyPixel(args, n, y, x);
      }
    }
    return {};
  }

 private:
  static int64_t PixelOffset(const Window& window, int64_t n, int64_t y, int64_t x, int axes) {
    return window.Offset(0, n) + window.Offset(1, y) + (axes == 2 ? window.Offset(2, x) : 0);
  }

  void CopyPixel(const KernelArgs& args, int64_t n, int64_t y, int64_t x) const {
    const Window &in = args.inputs[0], &out = args.outputs[0];
    const int64_t block_w = grid_.axes == 2 ? grid_.block[1] : 1;
    const size_t element = DTypeSize(out.dtype);
    const Range channels = args.box.axis[grid_.axes + 1];
    std::byte* to = out.data + static_cast<size_t>(PixelOffset(out, n, y, x, grid_.axes) + channels.begin) * element;
    const size_t size = static_cast<size_t>(channels.size()) * element;
    int64_t from_n, from_y, from_x = 0;
    if (direction_ == BlockDirection::kSpaceToBatch) {
      const int64_t items = in.shape[0], part = n / items;
      from_n = n % items;
      from_y = y * grid_.block[0] + part / block_w - grid_.pad_before[0];
      if (grid_.axes == 2) from_x = x * block_w + part % block_w - grid_.pad_before[1];
    } else {
      const int64_t whole_y = y + grid_.pad_before[0], whole_x = x + (grid_.axes == 2 ? grid_.pad_before[1] : 0);
      from_n = (whole_y % grid_.block[0] * block_w + whole_x % block_w) * out.shape[0] + n;
      from_y = whole_y / grid_.block[0];
      from_x = whole_x / block_w;
    }
    const bool inside = from_y >= 0 && from_y < in.shape[1] && from_x >= 0 && (grid_.axes == 1 || from_x < in.shape[2]);
    if (!inside) {
      std::memset(to, 0, size);
      return;
    }
    std::memcpy(
        to,
        in.data + static_cast<size_t>(PixelOffset(in, from_n, from_y, from_x, grid_.axes) + channels.begin) * element,
        size);
  }

  const BlockGrid grid_;
  const BlockDirection direction_;
};

}  // namespace

Result<BlockGrid> ReadBlockGrid(const OpContext& context) {
  const int rank = context.input(0).shape.rank();
  if (rank != 3 && rank != 4) return Unsupported("a value of rank ", rank, ", must be 3 or 4");
  SL_ASSIGN(const std::vector<int64_t> block, context.ConstInts(1));
  SL_ASSIGN(const std::vector<int64_t> pads, context.ConstInts(2));
  BlockGrid grid;
  grid.axes = rank - 2;
  if (static_cast<int>(block.size()) != grid.axes || pads.size() != 2 * block.size()) {
    return InvalidArgument(block.size(), " block sizes and ", pads.size(), " paddings for a value of rank ", rank);
  }
  for (int i = 0; i < grid.axes; ++i) {
    grid.block[i] = block[i];
    grid.pad_before[i] = pads[2 * i];
    grid.pad_after[i] = pads[2 * i + 1];
    if (block[i] < 1 || block[i] > 65536) return InvalidArgument("block size ", block[i], ", must be 1 to 65536");
    if (pads[2 * i] < 0 || pads[2 * i + 1] < 0 || pads[2 * i] > (1 << 24) || pads[2 * i + 1] > (1 << 24)) {
      return InvalidArgument("paddings ", pads[2 * i], " and ", pads[2 * i + 1], " must not be negative");
    }
  }
  return grid;
}

std::vector<AxisRule> BlockAxes(const OpContext& context, BlockDirection direction, int out_axis) {
  const Result<BlockGrid> grid = ReadBlockGrid(context);
  if (!grid.ok() || out_axis == 0 || out_axis > grid->axes) return {};
  const int64_t in = context.input(0).shape[out_axis];
  std::vector<AxisRule> rules(3, AxisRule::All());
  const int i = out_axis - 1;
  if (direction == BlockDirection::kSpaceToBatch) {
    rules[0] = AxisRule::Window(out_axis, in, grid->block[i], -grid->pad_before[i], grid->block[i]);
  } else {
    rules[0] = AxisRule::Divided(out_axis, in, 1, grid->pad_before[i], 1, grid->block[i]);
  }
  return rules;
}

Result<std::unique_ptr<Kernel>> PrepareBlocks(const OpContext& context, BlockDirection direction) {
  SL_TRY(CheckMovable(context));
  SL_ASSIGN(const BlockGrid grid, ReadBlockGrid(context));
  return std::unique_ptr<Kernel>(std::make_unique<BlockKernel>(grid, direction));
}

Status BlockReference(const OpContext& context, BlockDirection direction, std::span<const ConstTensorView> inputs,
                      std::span<const TensorView> outputs) {
  SL_ASSIGN(const std::unique_ptr<Kernel> kernel, PrepareBlocks(context, direction));
  const Window in = WholeWindow(inputs[0].dtype, inputs[0].shape, const_cast<void*>(inputs[0].data));
  const Window out = WholeWindow(outputs[0].dtype, outputs[0].shape, outputs[0].data);
  return kernel->Run({{&in, 1}, {&out, 1}, WholeBox(out.shape), nullptr});
}

}  // namespace safelight
