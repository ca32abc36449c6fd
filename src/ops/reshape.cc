// SPDX-License-Identifier: Apache-2.0
//
// RESHAPE: the same elements in the same order under another shape; one size may be -1.
#include "ops/support/movement.h"

namespace safelight {
namespace {

struct Attrs : OpAttrs {
  std::vector<int64_t> shape;  // used where there is no input 1
};

Result<std::shared_ptr<const OpAttrs>> Read(const AttrReader& reader) {
  auto attrs = std::make_shared<Attrs>();
  attrs->shape = reader.Ints(0);
  return std::shared_ptr<const OpAttrs>(std::move(attrs));
}

Result<Shape> ResolveShape(std::vector<int64_t> sizes, const Shape& in) {
  if (sizes.size() > Shape::kMaxRank) return InvalidArgument("rank ", sizes.size(), ", at most ", Shape::kMaxRank);
  int open = kNone;
  int64_t known = 1;
  for (size_t i = 0; i < sizes.size(); ++i) {
    if (sizes[i] == -1 && open == kNone) {
      open = static_cast<int>(i);
    } else if (sizes[i] < 0 || __builtin_mul_overflow(known, sizes[i], &known)) {
      return InvalidArgument("size ", sizes[i], " in the shape");
    }
  }
  if (open != kNone) {
    if (known == 0 || in.elements() % known != 0) {
      return InvalidArgument(in.elements(), " elements do not divide into sizes of ", known);
    }
    sizes[open] = in.elements() / known;
  }
  const Shape shape(sizes);
  if (shape.elements() != in.elements()) {
    return InvalidArgument("shape ", in.ToString(), " has ", in.elements(), " elements, ", shape.ToString(), " has ",
                           shape.elements());
  }
  return shape;
}

Status Infer(InferContext& context) {
  std::vector<int64_t> sizes = context.attrs<Attrs>().shape;
  if (context.has_input(1)) {
    SL_ASSIGN(sizes, context.ConstInts(1));
  }
  SL_ASSIGN(const Shape shape, ResolveShape(std::move(sizes), context.input(0).shape));
  context.SetOutput(0, context.input(0).dtype, shape);
  return {};
}

Result<std::vector<int64_t>> StoredSizes(const OpContext& context) {
  if (!context.has_input(1)) return context.attrs<Attrs>().shape;
  return context.ConstInts(1);
}

Result<std::vector<int64_t>> Rescale(const OpContext& before, const OpContext& after, int) {
  SL_ASSIGN(std::vector<int64_t> stored, StoredSizes(before));
  return RescaleReshape(before, after, std::move(stored));
}

}  // namespace

extern const OpDef reshape_op;
const OpDef reshape_op{
    .name = "RESHAPE",
    .tflite_code = 22,
    .min_inputs = 1,
    .max_inputs = 2,
    .read = Read,
    .infer = Infer,
    .axes = ReshapeAxes,
    .reference = ReshapeReference,
    .prepare = PrepareReshape,
    .shape_inputs = 2,
    .rescale = Rescale,
    .selects = true,
};

}  // namespace safelight
