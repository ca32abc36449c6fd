// SPDX-License-Identifier: Apache-2.0
//
// EXPAND_DIMS: an axis of size 1 inserted before `axis` (counted from the end if negative).
#include "ops/support/movement.h"

namespace safelight {
namespace {

Status Infer(InferContext& context) {
  const Shape& in = context.input(0).shape;
  SL_ASSIGN(const std::vector<int64_t> listed, context.ConstInts(1));
  if (listed.size() != 1) return InvalidArgument(listed.size(), " axes, must be 1");
  if (in.rank() == Shape::kMaxRank) return Unsupported("rank ", in.rank() + 1, ", at most ", Shape::kMaxRank);
  SL_ASSIGN(const int axis, NormalizeAxis(listed[0], in.rank() + 1));
  Shape out;
  for (int i = 0; i <= in.rank(); ++i) {
    if (i == axis) out.push_back(1);
    if (i < in.rank()) out.push_back(in[i]);
  }
  context.SetOutput(0, context.input(0).dtype, out);
  return {};
}

}  // namespace

extern const OpDef expand_dims_op;
const OpDef expand_dims_op{
    .name = "EXPAND_DIMS",
    .tflite_code = 70,
    .min_inputs = 2,
    .max_inputs = 2,
    .infer = Infer,
    .axes = ReshapeAxes,
    .reference = ReshapeReference,
    .prepare = PrepareReshape,
    .selects = true,
};

}  // namespace safelight
