// SPDX-License-Identifier: Apache-2.0
//
// A .tflite file as far as it can be understood, for looking at it.
//
// Where ReadTflite refuses a file that safelight could not run (custom ops, control flow, options out of range), this
// keeps the node with its name, its operands and its options as they stand. Nothing of it can be planned.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/file.h"
#include "graph/graph.h"
#include "graph/op_def.h"

namespace safelight {

struct LooseNode {
  std::string op;                             // "CONV_2D"; "custom:NAME"; "unknown op 999"
  std::shared_ptr<const AttrReader> options;  // never null; reads the mapped file
  std::vector<ValueId> inputs;                // kNone where an optional input is left out
  std::vector<ValueId> outputs;
  const OpDef* known = nullptr;  // null: not an op of safelight
  std::string not_understood;    // why no shapes were inferred for an op that is known; empty: they were
  int64_t macs = 0;              // multiply-adds of one run; 0 where they are not known
  bool dynamic = false;          // the sizes of its outputs are known only after the run
};

struct LooseNetwork {
  // One value per tensor of the main subgraph, with the shapes that the known ops give at the file's own size, else the
  // file's. The graph has no nodes.
  Graph graph;
  std::vector<LooseNode> nodes;  // in the file's order, which is their number
  std::vector<bool> computed;    // by value: an input of the graph or an output of a node
  int subgraph_count = 0;
};

// Errors: kCorruptData (not such a file, or its tables point nowhere), kUnsupported (element types, sparse weights).
Result<LooseNetwork> ReadLoosely(const std::shared_ptr<const MappedFile>& file);

}  // namespace safelight
