// SPDX-License-Identifier: Apache-2.0
//
// TFLite's ops as kernels: for each the conditions under which a kernel computes it, and that kernel's head, or the
// expression that it is of its operands.
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <vector>

#include "delegates/opencl/kernels.h"
#include "engine/delegate.h"
#include "graph/op_def.h"

namespace safelight::opencl {

// How the elements of a shape are counted on the device: the last four axes, what stands before multiplied into n.
struct Layout {
  int64_t n = 1, rows = 1, columns = 1, channels = 1;
  int64_t slices() const { return (channels + 3) / 4; }
};
Layout LayoutOf(const Shape& shape);
// The axis that is the rows of LayoutOf, or kNone.
int RowAxis(const Shape& shape);

struct Limits {
  float low, high;
};

// What a head reads that is known before the run.
struct Constant {
  std::string declaration;  // of the argument: "__global const float4* bias"
  std::vector<std::byte> bytes;
};

// What makes the elements of one output of a node.
struct Head {
  std::string kernel;  // of kernels/
  Tokens tokens = {};
  int pixels = 1;
  std::vector<ValueId> inputs = {};  // in0, in1, ...
  std::vector<Constant> constants = {};
  std::vector<std::array<int32_t, 4>> numbers = {};  // p0, p1, ...
  bool limited = false;
  Limits limits = {};  // of its results
};

// A node with its options.
struct NodeView {
  OpContext context;
  bool half_values;  // weights are stored as float16

  ValueId input(int i) const { return context.has_input(i) ? context.node().inputs[static_cast<size_t>(i)] : kNone; }
};

struct NodeRule {
  const char* op;
  // What must hold besides float32 values; null: nothing.
  Verdict (*check)(const NodeView&);
  // The head of output number `output`. Null for ops that work element by element.
  Result<Head> (*head)(const NodeView&, int output);
  // Such an op's expression, of $A and $B and the numbers it knows; null for others.
  std::string (*expression)(const NodeView&);
};
const NodeRule* FindRule(const OpDef& op);

// A number as OpenCL C reads it back to the bit.
std::string Literal(float number);

// The families, each in a file of its own.
extern const std::vector<NodeRule> kWindowRules;   // windows.cc: convolutions, pools, resizes
extern const std::vector<NodeRule> kMoveRules;     // moves.cc: ops that move elements
extern const std::vector<NodeRule> kElementRules;  // elements.cc: ops that work element by element

}  // namespace safelight::opencl
