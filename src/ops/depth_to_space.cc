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
  MoveAxis rows{1, 3, {}}, columns{2, 3, {}};
  for (int64_t y = 0; y < out[1]; ++y) rows.moves.push_back({y / block, y % block * block * out[3]});
  for (int64_t x = 0; x < out[2]; ++x) columns.moves.push_back({x / block, x % block * out[3]});
  plan.axes.push_back(std::move(rows));
  plan.axes.push_back(std::move(columns));
  plan.axes.push_back(MoveSame(3, out[3]));
  return plan;
}

}  // namespace

extern const OpDef depth_to_space_op;
const OpDef depth_to_space_op = MoveOpDef<Plan>("DEPTH_TO_SPACE", 5, 1, 1, Infer, Read);

}  // namespace safelight
