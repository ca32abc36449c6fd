// SPDX-License-Identifier: Apache-2.0
//
// The one engine behind ops that only move elements.
//
// Most such ops are additively separable: the place of output element (i0, i1, ...) in the input is a sum of what
// each index contributes. An op describes, for every output axis, a table with one Move per index;
// rows rule, kernel and even the choice of what to copy at once follow from the tables.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "graph/op_def.h"

namespace safelight {

// What index i of an output axis contributes to the place in the input: `at` along axis `axis` and `more_at` along
// `more_axis` (a pixel shuffle contributes to rows and channels at once). kFill: the element is padding.
struct Move {
  static constexpr int64_t kFill = -1;
  int64_t at = 0;
  int64_t more_at = 0;
};

// One output axis. `axis` kNone: the index does not matter (the input is repeated).
struct MoveAxis {
  int axis = kNone;
  int more_axis = kNone;
  // One per index of the output axis. Empty: index i contributes begin + i * stride, or where there are blocks,
  // i / block and i % block * more_stride.
  std::vector<Move> moves;
  int64_t begin = 0, stride = 0, count = 0;
  int64_t block = 0, more_stride = 0;

  Move At(int64_t i) const {
    if (!moves.empty()) return moves[i];
    return block > 0 ? Move{i / block, i % block * more_stride} : Move{begin + i * stride, 0};
  }
};

struct MovePlan {
  std::vector<MoveAxis> axes;          // one per output axis
  int64_t base[Shape::kMaxRank] = {};  // added to the place: input axes that the output no longer has
};

// Builders for the usual axes; these take no memory, however long the axis.
MoveAxis MoveSame(int axis, int64_t size);
// Indices begin, begin + stride, ...
MoveAxis MoveSlice(int axis, int64_t begin, int64_t stride, int64_t count);
// Index i leads to i / block along `axis`, and to i % block * more_stride along `more_axis` (which may be kNone).
MoveAxis MoveBlocks(int axis, int64_t block, int more_axis, int64_t more_stride, int64_t count);
// As MoveSlice with stride 1, its table written out, for ops that go on to change single entries.
MoveAxis MoveTable(int axis, int64_t begin, int64_t count);
MoveAxis MoveRepeat(int64_t count);  // the input is not indexed by this axis

// The rule along one output axis: the input axis it drives as a position.
AxisRule MoveRule(const MovePlan& plan, int out_axis, const Shape& in);

// Copies args.box of outputs[output] from inputs[input]; places marked kFill get the element at `fill`
// (null: zeros).
void RunMoves(const MovePlan& plan, const Window& in, const Window& out, const Box& box, const std::byte* fill);

// A kernel that runs one plan from input 0 to output 0; `fill_input` names the input with the fill element, or kNone.
std::unique_ptr<Kernel> MakeMoveKernel(MovePlan plan, int fill_input = kNone);

// An op whose behaviour is one plan: the OpDef functions follow from the function that makes it.
using MovePlanFunction = Result<MovePlan> (*)(const OpContext&);
std::vector<AxisRule> MoveAxes(MovePlanFunction make, const OpContext& context, int out_axis);
Status MoveReference(MovePlanFunction make, int fill_input, const OpContext& context,
                     std::span<const ConstTensorView> inputs, std::span<const TensorView> outputs);
Result<std::unique_ptr<Kernel>> PrepareMove(MovePlanFunction make, int fill_input, const OpContext& context);

// `fills`: some elements are padding.
template <MovePlanFunction make, int fill_input = kNone, bool fills = false>
constexpr OpDef MoveOpDef(const char* name, int tflite_code, int min_inputs, int max_inputs,
                          Status (*infer)(InferContext&),
                          Result<std::shared_ptr<const OpAttrs>> (*read)(const AttrReader&) = nullptr) {
  OpDef op{};
  op.name = name;
  op.tflite_code = tflite_code;
  op.min_inputs = min_inputs;
  op.max_inputs = max_inputs;
  op.read = read;
  op.infer = infer;
  op.axes = [](const OpContext& context, int out_axis) { return MoveAxes(make, context, out_axis); };
  op.reference = [](const OpContext& context, std::span<const ConstTensorView> in, std::span<const TensorView> out) {
    return MoveReference(make, fill_input, context, in, out);
  };
  op.prepare = [](const OpContext& context, const PrepareOptions&) { return PrepareMove(make, fill_input, context); };
  op.selects = !fills;
  return op;
}

// The elements in the same order under another shape. Unsupported where no plan exists because an index of the
// output leads to more than two axes, or sums carry over; such a reshape copies the whole value.
Result<MovePlan> ReshapePlan(const Shape& in, const Shape& out);
Status ReshapeReference(const OpContext& context, std::span<const ConstTensorView> inputs,
                        std::span<const TensorView> outputs);
std::vector<AxisRule> ReshapeAxes(const OpContext& context, int out_axis);
Result<std::unique_ptr<Kernel>> PrepareReshape(const OpContext& context, const PrepareOptions& options);
// What the sizes `stored` of a reshape become (OpDef::rescale): an axis that merges or splits axes of the picture
// follows those axes, found by walking back to where they stood apart.
Result<std::vector<int64_t>> RescaleReshape(const OpContext& before, const OpContext& after,
                                            std::vector<int64_t> stored);

// `size`, which stands for axis `axis` of a value of the picture's rank, in proportion to the picture's own axis; as
// it is where that gives no whole number. For sizes that nothing but the picture explains.
int64_t ScaleWithPicture(const OpContext& before, const OpContext& after, int rank, int axis, int64_t size);

// Types with elements of 1, 2, 4, 8 bytes that can be moved; the error names the type.
Status CheckMovable(const OpContext& context);
// `axis` in [-rank, rank) as [0, rank).
Result<int> NormalizeAxis(int64_t axis, int rank);

}  // namespace safelight
