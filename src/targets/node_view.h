// SPDX-License-Identifier: Apache-2.0
//
// One node as the rules of a target look at it.
//
// A view can be made of a node of any file, also of ops that safelight does not know (network.h), and of a node of a
// Graph whose options are at hand, so a delegate asks the same rules about the nodes that it is offered.
#pragma once

#include <string>
#include <vector>

#include "graph/graph.h"
#include "graph/op_def.h"

namespace safelight {

struct ValueView {
  const Value* value = nullptr;  // null: an optional input left out
  bool constant = false;         // its elements are in the file
  bool dynamic = false;          // its size is known only after the run
};

struct NodeView {
  std::string op;                       // "CONV_2D"; "custom:NAME" for custom ops
  int version = 1;                      // of the op, as the file states it
  const AttrReader* options = nullptr;  // by slot; null: not known
  std::vector<ValueView> inputs, outputs;
};

// `options`: those of the node in the file. Constants are those without a producer.
NodeView ViewOf(const Graph& graph, const Node& node, const AttrReader* options);

// The input that the op works on: the first that is computed, else the first. -1 where there is none.
int DataInput(const NodeView& node);

// What the node computes in, one of NodeTypes(): "int8", "float32", "float16-weights" (float32 values, float16
// constants), "dynamic-range" (float32 values, integer constants), "int16x8", "int8-int4-weights", ...
std::string TypeOf(const NodeView& node);
const std::vector<std::string>& NodeTypes();

// "none", "per-tensor" or "per-channel".
const char* QuantizationWord(const Value& value);

}  // namespace safelight
