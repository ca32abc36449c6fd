// SPDX-License-Identifier: Apache-2.0
//
// SQUEEZE: axes of size 1 removed, all of them or those listed.
#include <algorithm>

#include "ops/support/movement.h"

namespace safelight {
namespace {

struct Attrs : OpAttrs {
  std::vector<int64_t> axes;
};

Result<std::shared_ptr<const OpAttrs>> Read(const AttrReader& reader) {
  auto attrs = std::make_shared<Attrs>();
  attrs->axes = reader.Ints(0);
  return std::shared_ptr<const OpAttrs>(std::move(attrs));
}

Status Infer(InferContext& context) {
  const Shape& in = context.input(0).shape;
  bool removed[Shape::kMaxRank] = {};
  for (int64_t listed : context.attrs<Attrs>().axes) {
    SL_ASSIGN(const int axis, NormalizeAxis(listed, in.rank()));
    if (in[axis] != 1) return InvalidArgument("axis ", listed, " of shape ", in.ToString(), " is not 1");
    removed[axis] = true;
  }
  Shape out;
  for (int axis = 0; axis < in.rank(); ++axis) {
    const bool gone = context.attrs<Attrs>().axes.empty() ? in[axis] == 1 : removed[axis];
    if (!gone) out.push_back(in[axis]);
  }
  context.SetOutput(0, context.input(0).dtype, out);
  return {};
}

}  // namespace

extern const OpDef squeeze_op;
const OpDef squeeze_op{
    .name = "SQUEEZE",
    .tflite_code = 43,
    .read = Read,
    .infer = Infer,
    .axes = ReshapeAxes,
    .reference = ReshapeReference,
    .prepare = PrepareReshape,
    .selects = true,
};

}  // namespace safelight
