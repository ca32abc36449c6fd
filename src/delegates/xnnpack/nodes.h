// SPDX-License-Identifier: Apache-2.0
//
// TFLite's ops as XNNPACK's: for each the conditions under which both compute the same, and the call that adds it.
#pragma once

#include <cstdint>
#include <vector>

#include "delegates/xnnpack/library.h"
#include "engine/delegate.h"
#include "graph/op_def.h"

namespace safelight::xnnpack {

// A graph on its way into an XNNPACK subgraph.
class Builder {
 public:
  Builder(const Library& library, xnn_subgraph_t subgraph, const Graph& graph)
      : library(library), subgraph(subgraph), graph_(graph), ids_(graph.values.size(), XNN_INVALID_VALUE_ID) {}

  const Library& library;
  const xnn_subgraph_t subgraph;

  // Input or output number `port` of the whole; inputs come first in XNNPACK's count.
  xnn_status DefinePort(ValueId value, uint32_t port, uint32_t flags) { return Define(value, port, flags); }
  // The id of a value, defined on the way where it was not yet. After a failure, status() says so.
  uint32_t Id(ValueId value);
  xnn_status status() const { return status_; }
  const Graph& graph() const { return graph_; }

 private:
  xnn_status Define(ValueId value, uint32_t external_id, uint32_t flags);

  const Graph& graph_;
  std::vector<uint32_t> ids_;
  xnn_status status_ = xnn_status_success;
};

// Whether a value has a type and a rank that XNNPACK's subgraphs know.
Verdict TakesValue(const Value& value);

// A node with its options as the file has them.
struct NodeView {
  OpContext context;
  const AttrReader* options;  // null where the op has none

  int64_t Int(int slot, int64_t fallback = 0) const {
    return options == nullptr ? fallback : options->Int(slot, fallback);
  }
  float Float(int slot, float fallback) const { return options == nullptr ? fallback : options->Float(slot, fallback); }
  ValueId input(int i) const { return context.has_input(i) ? context.node().inputs[i] : kNone; }
  ValueId output() const { return context.node().outputs[0]; }
};

struct NodeRule {
  const char* op;
  // Types of the first input: f float32, q int8 and uint8.
  const char* types;
  // What else must hold; null: nothing.
  Verdict (*check)(const NodeView&);
  xnn_status (*define)(Builder&, const NodeView&);
};
const NodeRule* FindRule(const OpDef& op);

}  // namespace safelight::xnnpack
