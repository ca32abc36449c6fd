// SPDX-License-Identifier: Apache-2.0
//
// DEPTH_TO_SPACE: channel (dy * b + dx) * C + c of pixel (y, x) becomes channel c of pixel (y * b + dy, x * b + dx).
#include "ops/support/movement.h"

namespace safelight {
namespace {

struct Attrs : OpAttrs {
  int64_t block = 1;
};

Result<std::shared_ptr<const OpAttrs>> Read(const AttrReader& reader) {
  auto attrs = std::make_shared<Attrs>();
  attrs->block = reader.Int(0, 0);
  if (attrs->block < 1 || attrs->block > 1024)
    return InvalidArgument("block_size ", attrs->block, ", must be 1 to 1024");
  return std::shared_ptr<const OpAttrs>(std::move(attrs));
}

Status Infer(InferContext& context) {
  const Shape& in = context.input(0).shape;
  const int64_t block = context.attrs<Attrs>().block;
  if (in.rank() != 4) return InvalidArgument("input has shape ", in.ToString(), ", must have rank 4 (n h w c)");
  if (in[3] % (block * block) != 0)
    return InvalidArgument(in[3], " channels do not divide into blocks of ", block, " by ", block);
  context.SetOutput(0, context.input(0).dtype, {in[0], in[1] * block, in[2] * block, in[3] / (block * block)});
  return {};
}

Result<MovePlan> Plan(const OpContext& context) {
  const Shape &in = context.input(0).shape, &out = context.output(0).shape;
  const int64_t block = context.attrs<Attrs>().block;
  MovePlan plan;
  plan.axes.push_back(MoveSame(0, in[0]));
  plan.axes.push_back(MoveBlocks(1, block, 3, block * out[3], out[1]));
  plan.axes.push_back(MoveBlocks(2, block, 3, out[3], out[2]));
  plan.axes.push_back(MoveSame(3, out[3]));
  return plan;
}

}  // namespace

extern const OpDef depth_to_space_op;
const OpDef depth_to_space_op = MoveOpDef<Plan>("DEPTH_TO_SPACE", 5, 1, 1, Infer, Read);

}  // namespace safelight
