// SPDX-License-Identifier: Apache-2.0
//
// What an op is: one OpDef, one value, in one file of src/ops.
//
// Everything else in the house asks the OpDef and never names an op: the importer reads
// options through `read`, shape inference calls `infer`, the planner asks `axes`, the CPU
// engine calls `prepare` (or runs `reference` on whole tensors where there is none).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "graph/graph.h"
#include "graph/window.h"

namespace safelight {

// An op's options in the file, by the slot number of the field in the TFLite schema's options
// table (0 for the first field). Absent fields give the default. Enums come as Int.
class AttrReader {
 public:
  virtual ~AttrReader() = default;
  virtual int64_t Int(int slot, int64_t fallback) const = 0;
  virtual float Float(int slot, float fallback) const = 0;
  virtual bool Bool(int slot, bool fallback) const = 0;
  virtual std::vector<int64_t> Ints(int slot) const = 0;
  virtual int version() const = 0;  // of the op, as the file states it; at least 1
};

// A node with its graph, as the functions of an OpDef see it. Inputs and outputs by position.
class OpContext {
 public:
  OpContext(const Graph& graph, const Node& node) : graph_(graph), node_(node) {}
  const Graph& graph() const { return graph_; }
  const Node& node() const { return node_; }
  int num_inputs() const { return static_cast<int>(node_.inputs.size()); }
  int num_outputs() const { return static_cast<int>(node_.outputs.size()); }
  bool has_input(int i) const { return i < num_inputs() && node_.inputs[i] != kNone; }
  // Requires has_input(i).
  const Value& input(int i) const { return graph_.values[node_.inputs[i]]; }
  const Value& output(int i) const { return graph_.values[node_.outputs[i]]; }
  template <typename Attrs>
  const Attrs& attrs() const {
    return static_cast<const Attrs&>(*node_.attrs);
  }
  // The elements of a constant int32 or int64 input (bool and int8..int16 too), widened.
  // Unsupported when the input is computed at run time: "input 1 'shape' is not known before the run".
  Result<std::vector<int64_t>> ConstInts(int i) const;
  template <typename T>
  const T* constant(int i) const {
    return reinterpret_cast<const T*>(input(i).constant);
  }

 private:
  const Graph& graph_;
  const Node& node_;
};

// OpContext that may also set what the node produces.
class InferContext : public OpContext {
 public:
  InferContext(Graph& graph, const Node& node) : OpContext(graph, node), graph_(graph) {}
  void SetOutput(int i, DType dtype, const Shape& shape) {
    Value& value = graph_.values[node().outputs[i]];
    value.dtype = dtype;
    value.shape = shape;
  }

 private:
  Graph& graph_;
};

struct Cost {
  int64_t macs = 0;          // multiply-adds of convolutions and products, as the file has them
  int64_t macs_done = 0;     // what this implementation needs for them, where it is fewer; 0: the same
  int64_t other = 0;         // other arithmetic operations
  int64_t weight_bytes = 0;  // constants read once a run
};

// Packed weights shared by all sessions of a model: `make` runs once per key.
class PackCache;

struct PrepareOptions {
  PackCache* pack_cache = nullptr;  // may be null
};

// What an op does to runs of elements, for ops that work element by element (ops/support/elementwise.h).
struct ElementFunction;

struct OpDef {
  const char* name;         // TFLite's spelling: "CONV_2D"
  int tflite_code = kNone;  // BuiltinOperator; kNone for ops that only passes make
  int min_inputs = 1;
  int max_inputs = 1;  // trailing inputs may be left out down to min_inputs
  int outputs = 1;     // kVariadic: as many as the node lists

  // Reads the options; null: the op has none. Checks every option's range.
  Result<std::shared_ptr<const OpAttrs>> (*read)(const AttrReader&) = nullptr;

  // Checks input count, types and shapes; sets each output's dtype and shape. Never null.
  Status (*infer)(InferContext&) = nullptr;

  // The rows rule, for any axis: to make indices [a, b) of `out_axis` (of every output; all of the
  // other axes), which indices of which axis of each input? One AxisRule per input, in order; empty:
  // the op cannot be split along this axis. Null: it cannot be split at all.
  std::vector<AxisRule> (*axes)(const OpContext&, int out_axis) = nullptr;

  // Rows and columns are best made in whole cells of a grid of this size, counted from 0: anything else makes the
  // cells at the edge twice. Null: 1.
  int (*grain)(const OpContext&) = nullptr;

  // Arithmetic of one run. Null: one operation per output element.
  Cost (*cost)(const OpContext&) = nullptr;

  // The obvious implementation, on whole row-major tensors: the truth that every delegate is
  // tested against, the constant folder, and the CPU path of ops without `prepare`. Never null.
  Status (*reference)(const OpContext&, std::span<const ConstTensorView> inputs,
                      std::span<const TensorView> outputs) = nullptr;

  // The CPU path: packs weights, chooses a kernel. Null: `reference` is the CPU path.
  Result<std::unique_ptr<Kernel>> (*prepare)(const OpContext&, const PrepareOptions&) = nullptr;

  // Of ops that work element by element: the function alone, for the node's types; `plain`: the obvious one. Passes
  // string several of them together. Null for all others.
  Result<ElementFunction> (*element)(const OpContext&, bool plain) = nullptr;

  // Bit i set: input i holds a shape (or sizes), consumed as such. Only these constants are
  // rewritten when a picture size other than the file's is asked for.
  uint32_t shape_inputs = 0;

  // What constant input `input` (one of shape_inputs) must become when the node's other inputs change
  // shape. `before` is the node in the graph at the file's own size, `after` the same node
  // with its data inputs at the new size. Null where shape_inputs is 0.
  Result<std::vector<int64_t>> (*rescale)(const OpContext& before, const OpContext& after, int input) = nullptr;

  // Options that stand for the size of the node's input: what they become at another, `before` and `after` as above.
  // Null where there are none, or when they stay.
  std::shared_ptr<const OpAttrs> (*rescale_options)(const OpContext& before, const OpContext& after) = nullptr;

  // The shape input is the size of a picture that must agree with what it is later added to or
  // concatenated with; ResizeGraph lets it follow that value.
  bool size_follows_join = false;

  // Every element of the output is an element of input 0 as it was, at another place. What is done to each element
  // alone may as well be done before.
  bool selects = false;

  // The axis along which the inputs lie side by side in the output, unchanged; kNone where they do not. Such inputs may
  // be made in their place, so every kernel writes through its window's strides and no further. Null: never.
  int (*joined_axis)(const OpContext&) = nullptr;

  // The result depends on the input's shape alone, so it is known before the run (SHAPE, RANK).
  bool reads_only_shape = false;

  // The outputs' shapes depend on the values of this input: unless it is a constant, `infer` can only bound them and
  // they are known only after the run (HasDynamicShape). kNone: they follow from shapes and options.
  int shape_decided_by = kNone;

  // For such ops: the outputs' shapes for these inputs, which are those that `reference` expects of its outputs.
  // The elements of each lie without gaps.
  Result<std::vector<Shape>> (*result_shapes)(const OpContext&, std::span<const ConstTensorView> inputs) = nullptr;

  static constexpr int kVariadic = -1;
};

// The sizes of the node's outputs are known only after the run.
bool HasDynamicShape(const Graph& graph, const Node& node);

// All ops, in the order of src/ops/ops.def.
std::span<const OpDef* const> AllOps();
const OpDef* FindOp(int tflite_code);        // null when unknown
const OpDef* FindOp(std::string_view name);  // null when unknown

}  // namespace safelight
