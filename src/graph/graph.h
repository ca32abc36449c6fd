// SPDX-License-Identifier: Apache-2.0
//
// A network as nodes and values.
//
// Nodes stand in an order in which they can run. A value has at most one producer;
// one without is an input of the graph or a constant. Constants point into memory that
// `Graph::storage` keeps alive (the mapped file, or tensors that passes made).
// After Infer (graph/infer.h) every value has its shape.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/status.h"
#include "tensor/tensor.h"

namespace safelight {

struct OpDef;
class AttrReader;

using ValueId = int;
using NodeId = int;
inline constexpr int kNone = -1;  // an optional input left out, a value without producer

// The options of an op; each op derives its own struct and casts back (OpContext::attrs).
struct OpAttrs {
  virtual ~OpAttrs() = default;
};

struct Value {
  std::string name;
  DType dtype = DType::kFloat32;
  Shape shape;
  Shape signature;  // rank 0, or the shape with -1 where the file allows any size
  QuantParams quant;
  const std::byte* constant = nullptr;  // row-major elements; null when computed at run time
  NodeId producer = kNone;
  int output_index = 0;     // which output of the producer
  int file_tensor = kNone;  // index of the tensor in the file; kNone for values that passes made
  bool is_constant() const { return constant != nullptr; }
};

struct Node {
  const OpDef* op = nullptr;
  std::shared_ptr<const OpAttrs> attrs;  // null for ops without options
  std::vector<ValueId> inputs;           // kNone where an optional input is left out
  std::vector<ValueId> outputs;
  std::vector<int> file_nodes;  // the nodes of the file that this one does the work of
  std::vector<QuantParams> inner_quants =
      {};  // of values that never leave the op (integer LSTM), as the file lists them
  // The options by the slots of the file, for delegates that translate them; null for nodes that passes made. What
  // stands for a size is the file's, not the session's.
  std::shared_ptr<const AttrReader> file_options = nullptr;
};

struct Graph {
  std::vector<Value> values;
  std::vector<Node> nodes;
  std::vector<ValueId> inputs;
  std::vector<ValueId> outputs;
  std::vector<std::shared_ptr<const void>> storage;

  ValueId AddValue(Value value) {
    values.push_back(std::move(value));
    return static_cast<ValueId>(values.size()) - 1;
  }
  // A constant that owns its memory through `storage`.
  ValueId AddConstant(std::string name, Tensor tensor);
  // Sets the producer of each output; `node` goes to the end of the order.
  NodeId AddNode(Node node);
  // Recomputes `producer` and `output_index` of every value from the nodes.
  void LinkProducers();
};

// A place where a value is read: input `input` of node `node`.
struct Use {
  NodeId node;
  int input;
};
// All uses of every value, by ValueId, in the order of the nodes.
std::vector<std::vector<Use>> FindUses(const Graph& graph);

// "node 14 CONV_2D 'conv1'": how errors and listings name a node; the number is the file's.
std::string NodeLabel(const Graph& graph, const Node& node);

}  // namespace safelight
