// SPDX-License-Identifier: Apache-2.0
//
// RESHAPE: the same elements in the same order under another shape; one size may be -1.
#include <algorithm>

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

// A picture-sized pair of axes keeps its ratio to the network's picture.
void ScaleWithPicture(const OpContext& before, const OpContext& after, const Shape& old_out, int begin, int end,
                      std::vector<int64_t>* sizes) {
  const Graph &old_graph = before.graph(), &new_graph = after.graph();
  if (old_graph.inputs.empty()) return;
  const Shape& old_picture = old_graph.values[old_graph.inputs[0]].shape;
  const Shape& new_picture = new_graph.values[new_graph.inputs[0]].shape;
  int next = 0;
  for (int axis = begin; axis < end; ++axis) {
    if (old_out[axis] == 1) continue;
    // Matched in order: the group's first size to the picture's first axis that changed, and so on.
    while (next < old_picture.rank() && old_picture[next] == new_picture[next]) ++next;
    if (next >= old_picture.rank()) return;
    if (old_out[axis] * new_picture[next] % old_picture[next] == 0) {
      (*sizes)[axis] = old_out[axis] * new_picture[next] / old_picture[next];
    }
    ++next;
  }
}

// Both shapes fall into groups of axes with equal products; a group whose input grew grows with it.
Result<std::vector<int64_t>> Rescale(const OpContext& before, const OpContext& after, int input) {
  SL_ASSIGN(const std::vector<int64_t> stored, before.ConstInts(input));
  const Shape &old_in = before.input(0).shape, &new_in = after.input(0).shape, &old_out = before.output(0).shape;
  std::vector<int64_t> sizes(old_out.dims().begin(), old_out.dims().end());
  int in = 0, out = 0;
  while (in < old_in.rank() || out < old_out.rank()) {
    const int in_begin = in, out_begin = out;
    int64_t in_product = in < old_in.rank() ? old_in[in++] : 1, out_product = out < old_out.rank() ? old_out[out++] : 1;
    while (in_product != out_product) {
      if (in_product < out_product && in < old_in.rank()) {
        in_product *= old_in[in++];
      } else if (out_product < in_product && out < old_out.rank()) {
        out_product *= old_out[out++];
      } else {
        return Unsupported("shape ", old_out.ToString(), " cannot follow an input of ", new_in.ToString());
      }
    }
    const int64_t grown = new_in.Product(in_begin, in);
    if (grown == in_product) continue;
    ScaleWithPicture(before, after, old_out, out_begin, out, &sizes);
    int64_t product = 1;
    for (int axis = out_begin; axis < out; ++axis) product *= sizes[axis];
    if (product == grown) continue;
    // Otherwise the first size carries the growth, and the others are factors such as a block size.
    std::copy(old_out.dims().begin() + out_begin, old_out.dims().begin() + out, sizes.begin() + out_begin);
    const int64_t others = old_out.Product(out_begin + 1, out);
    if (out == out_begin || others == 0 || grown % others != 0) {
      return Unsupported("shape ", old_out.ToString(), " cannot follow an input of ", new_in.ToString());
    }
    sizes[out_begin] = grown / others;
  }
  for (size_t i = 0; i < stored.size() && i < sizes.size(); ++i) {
    if (stored[i] == -1) sizes[i] = -1;
  }
  return sizes;
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
