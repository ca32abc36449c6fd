// SPDX-License-Identifier: Apache-2.0
//
// Ops that move elements.
#include <cstring>

#include "delegates/opencl/nodes.h"
#include "ops/support/pad.h"

namespace safelight::opencl {
namespace {

using Int4 = std::array<int32_t, 4>;

int32_t Int(int64_t number) { return static_cast<int32_t>(number); }

Int4 SizeOf(const Layout& layout) {
  return {Int(layout.n), Int(layout.rows), Int(layout.columns), Int(layout.channels)};
}

// Where axis `axis` of a value of that rank stands among the four; kNone for axes that n is a product of.
int PlaceOf(int axis, int rank) {
  const int place = axis + 4 - rank;
  return place > 0 || (place == 0 && rank <= 4) ? place : kNone;
}

// A way from each index of the output to one of the input, along all four axes.
struct Steps {
  Int4 begin{}, stride{1, 1, 1, 1};
  bool Whole(const Layout& in, const Layout& out) const {
    return begin[3] == 0 && stride[3] == 1 && in.channels == out.channels;
  }
};

Head MoveHead(const NodeView& node, int input, int output, const Steps& steps, bool mirror, int32_t p3) {
  const Layout in = LayoutOf(node.context.input(input).shape), out = LayoutOf(node.context.output(output).shape);
  Head head{.kernel = "move", .inputs = {node.input(input)}};
  head.tokens = {{"WHOLE", steps.Whole(in, out) ? "1" : "0"}, {"MIRROR", mirror ? "1" : "0"}};
  head.numbers = {steps.begin, steps.stride, SizeOf(in), {p3, 0, 0, 0}};
  return head;
}

// PAD, PADV2 and MIRROR_PAD.
Verdict CheckPad(const NodeView& node) {
  for (int i = 1; i < node.context.num_inputs(); ++i) {
    if (!node.context.input(i).is_constant()) return Verdict::No("padding that is no constant");
  }
  const Result<PadSizes> pads = ReadPads(node.context);
  if (!pads.ok()) return Verdict::No(pads.status().message());
  const int rank = node.context.input(0).shape.rank();
  for (int axis = 0; axis < rank; ++axis) {
    if (PlaceOf(axis, rank) == kNone && (pads->before[axis] != 0 || pads->after[axis] != 0)) {
      return Verdict::No("padding of more than four axes");
    }
  }
  return Verdict::Yes();
}
Verdict CheckMirrorPad(const NodeView& node) {
  if (node.context.node().file_options == nullptr) return Verdict::No("a node without the file's options");
  return CheckPad(node);
}

Result<Steps> PadSteps(const NodeView& node) {
  SL_ASSIGN(const PadSizes pads, ReadPads(node.context));
  Steps steps;
  const int rank = node.context.input(0).shape.rank();
  for (int axis = 0; axis < rank; ++axis) {
    if (const int place = PlaceOf(axis, rank); place != kNone) {
      steps.begin[static_cast<size_t>(place)] = Int(-pads.before[axis]);
    }
  }
  return steps;
}

Result<Head> PadHead(const NodeView& node, int) {
  SL_ASSIGN(const Steps steps, PadSteps(node));
  int32_t fill = 0;
  if (node.context.has_input(2)) std::memcpy(&fill, node.context.input(2).constant, sizeof(fill));
  return MoveHead(node, 0, 0, steps, false, fill);
}

Result<Head> MirrorPadHead(const NodeView& node, int) {
  SL_ASSIGN(const Steps steps, PadSteps(node));
  const bool reflect = node.context.node().file_options->Int(0, 0) == 0;
  return MoveHead(node, 0, 0, steps, true, reflect ? 1 : 0);
}

// SLICE, STRIDED_SLICE, REVERSE_V2 and TRANSPOSE: their rules for single indices say which of the input's each is.
Result<Steps> SelectSteps(const NodeView& node, Int4* axes) {
  const Shape &in = node.context.input(0).shape, &out = node.context.output(0).shape;
  if (in.rank() != out.rank()) return Unsupported("axes that appear or vanish");
  Steps steps;
  *axes = {0, 1, 2, 3};
  for (int axis = 0; axis < out.rank(); ++axis) {
    const std::vector<AxisRule> rules = node.context.node().op->axes(node.context, axis);
    if (rules.empty() || rules[0].needs_all()) return Unsupported("axis ", axis, " is not selected from one axis");
    const int from = rules[0].in_axis(), place = PlaceOf(axis, out.rank()), from_place = PlaceOf(from, in.rank());
    const int64_t begin = rules[0].Need({0, 1}).begin;
    const int64_t stride = out[axis] > 1 ? rules[0].Need({1, 2}).begin - begin : 1;
    if (place == kNone || from_place == kNone) {
      if (from != axis || begin != 0 || stride != 1 || in[axis] != out[axis]) {
        return Unsupported("moves along more than four axes");
      }
      continue;
    }
    (*axes)[static_cast<size_t>(place)] = from_place;
    steps.begin[static_cast<size_t>(place)] = Int(begin);
    steps.stride[static_cast<size_t>(place)] = Int(stride);
  }
  return steps;
}

Verdict CheckSelect(const NodeView& node) {
  for (int i = 1; i < node.context.num_inputs(); ++i) {
    if (!node.context.input(i).is_constant()) return Verdict::No("places that are no constant");
  }
  Int4 axes;
  const Result<Steps> steps = SelectSteps(node, &axes);
  return steps.ok() ? Verdict::Yes() : Verdict::No(steps.status().message());
}

Result<Head> SelectHead(const NodeView& node, int) {
  Int4 axes;
  SL_ASSIGN(const Steps steps, SelectSteps(node, &axes));
  return MoveHead(node, 0, 0, steps, false, 0);
}

Result<Head> TransposeHead(const NodeView& node, int) {
  Int4 axes;
  SL_TRY(SelectSteps(node, &axes).status());
  std::string place[4];
  const char* const kIndex[] = {"n", "y", "x0", "c"};
  for (size_t i = 0; i < 4; ++i) place[axes[i]] = kIndex[i];
  Head head{.kernel = "transpose", .inputs = {node.input(0)}};
  head.tokens = {{"PLACE", Cat(place[0], ", ", place[1], ", ", place[2], ", ", place[3])}};
  return head;
}

// SPLIT: the axis is input 0, the data input 1. SPLIT_V: data, sizes, axis.
template <int data, int axis_input>
Result<int> SplitAxis(const NodeView& node) {
  SL_ASSIGN(const std::vector<int64_t> axis, node.context.ConstInts(axis_input));
  return NormalizeAxis(axis.empty() ? 0 : axis[0], node.context.input(data).shape.rank());
}
template <int data, int axis_input>
Verdict CheckSplit(const NodeView& node) {
  const Result<int> axis = SplitAxis<data, axis_input>(node);
  if (!axis.ok()) return Verdict::No(axis.status().message());
  if (PlaceOf(*axis, node.context.input(data).shape.rank()) == kNone) {
    return Verdict::No("moves along more than four axes");
  }
  return Verdict::Yes();
}
template <int data, int axis_input>
Result<Head> SplitHead(const NodeView& node, int output) {
  SL_ASSIGN(const int axis, (SplitAxis<data, axis_input>(node)));
  int64_t begin = 0;
  for (int i = 0; i < output; ++i) begin += node.context.output(i).shape[axis];
  Steps steps;
  steps.begin[static_cast<size_t>(PlaceOf(axis, node.context.input(data).shape.rank()))] = Int(begin);
  return MoveHead(node, data, output, steps, false, 0);
}

Result<Head> DepthToSpaceHead(const NodeView& node, int) {
  const Shape &in = node.context.input(0).shape, &out = node.context.output(0).shape;
  Head head{.kernel = "depth_to_space", .inputs = {node.input(0)}};
  head.tokens = {{"WHOLE", out[3] % 4 == 0 ? "1" : "0"}};
  head.numbers = {{Int(out[1] / in[1]), 0, 0, 0}};
  return head;
}

Result<Head> SpaceToDepthHead(const NodeView& node, int) {
  const Shape &in = node.context.input(0).shape, &out = node.context.output(0).shape;
  Head head{.kernel = "space_to_depth", .inputs = {node.input(0)}};
  head.tokens = {{"WHOLE", in[3] % 4 == 0 ? "1" : "0"}};
  head.numbers = {{Int(in[1] / out[1]), Int(in[3]), 0, 0}};
  return head;
}

Result<Head> ReshapeHead(const NodeView& node, int) {
  const Int4 in = SizeOf(LayoutOf(node.context.input(0).shape)), out = SizeOf(LayoutOf(node.context.output(0).shape));
  Head head{.kernel = in == out ? "copy" : "reshape", .inputs = {node.input(0)}};
  if (in != out) head.numbers = {{out[1], out[2], out[3], 0}, {in[1], in[2], in[3], 0}};
  return head;
}

Verdict CheckConcatenation(const NodeView& node) {
  constexpr int kMost = 16;
  if (node.context.num_inputs() > kMost) return Verdict::No(node.context.num_inputs(), " inputs, at most ", kMost);
  const int axis = node.context.node().op->joined_axis(node.context);
  if (axis == kNone || PlaceOf(axis, node.context.output(0).shape.rank()) == kNone) {
    return Verdict::No("a join along more than four axes");
  }
  return Verdict::Yes();
}

// `place`: the joined axis among the four.
std::string JoinedPart(size_t input, int place, int64_t begin, int64_t end, bool lanes) {
  if (lanes) {
    return Cat("      if (c >= ", begin, " && c < ", end, ") lanes[k] = LOAD1_in", input, "(n, y, x0, c - ", begin,
               ");\n");
  }
  const int64_t unit = place == 3 ? 4 : 1;  // of channels that are whole slices
  std::string index[] = {"n", "y", "x0", "s"};
  const std::string own = index[place];
  index[place] = Cat(own, " - ", begin / unit);
  return Cat("    if (", own, " >= ", begin / unit, " && ", own, " < ", (end + unit - 1) / unit,
             ") result[0] = LOAD_in", input, "(", index[0], ", ", index[1], ", ", index[2], ", ", index[3], ");\n");
}

Result<Head> ConcatenationHead(const NodeView& node, int) {
  const Shape& out = node.context.output(0).shape;
  const int axis = node.context.node().op->joined_axis(node.context), place = PlaceOf(axis, out.rank());
  // The last part may end within a slice.
  bool lanes = false;
  for (int i = 0; place == 3 && i + 1 < node.context.num_inputs(); ++i) {
    lanes = lanes || node.context.input(i).shape[axis] % 4 != 0;
  }
  Head head{.kernel = lanes ? "concatenation_lanes" : "concatenation"};
  std::string parts;
  int64_t begin = 0;
  for (int i = 0; i < node.context.num_inputs(); ++i) {
    const int64_t end = begin + node.context.input(i).shape[axis];
    // Parts of no elements have nothing to read.
    if (end > begin) {
      parts += JoinedPart(head.inputs.size(), place, begin, end, lanes);
      head.inputs.push_back(node.input(i));
    }
    begin = end;
  }
  head.tokens = {{"PARTS", parts}};
  return head;
}

}  // namespace

const std::vector<NodeRule> kMoveRules = {
    {"PAD", CheckPad, PadHead, nullptr},
    {"PADV2", CheckPad, PadHead, nullptr},
    {"MIRROR_PAD", CheckMirrorPad, MirrorPadHead, nullptr},
    {"SLICE", CheckSelect, SelectHead, nullptr},
    {"STRIDED_SLICE", CheckSelect, SelectHead, nullptr},
    {"REVERSE_V2", CheckSelect, SelectHead, nullptr},
    {"TRANSPOSE", CheckSelect, TransposeHead, nullptr},
    {"SPLIT", CheckSplit<1, 0>, SplitHead<1, 0>, nullptr},
    {"SPLIT_V", CheckSplit<0, 2>, SplitHead<0, 2>, nullptr},
    {"DEPTH_TO_SPACE", nullptr, DepthToSpaceHead, nullptr},
    {"SPACE_TO_DEPTH", nullptr, SpaceToDepthHead, nullptr},
    {"RESHAPE", nullptr, ReshapeHead, nullptr},
    {"SQUEEZE", nullptr, ReshapeHead, nullptr},
    {"EXPAND_DIMS", nullptr, ReshapeHead, nullptr},
    {"CONCATENATION", CheckConcatenation, ConcatenationHead, nullptr},
};

}  // namespace safelight::opencl
