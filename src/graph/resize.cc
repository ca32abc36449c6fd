// SPDX-License-Identifier: Apache-2.0
#include "graph/resize.h"

#include <algorithm>

#include "graph/infer.h"
#include "graph/join.h"
#include "graph/op_def.h"

namespace safelight {
namespace {

// Following joins may need nodes further down first, and those others; hostile graphs could nest this without end.
constexpr int kMaxNesting = 32;

Result<Tensor> SizesTensor(DType dtype, const std::vector<int64_t>& sizes) {
  Tensor tensor(dtype, Shape({static_cast<int64_t>(sizes.size())}));
  for (size_t i = 0; i < sizes.size(); ++i) {
    if (dtype == DType::kInt64) {
      tensor.data<int64_t>()[i] = sizes[i];
    } else if (dtype == DType::kInt32) {
      tensor.data<int32_t>()[i] = static_cast<int32_t>(sizes[i]);
    } else {
      return Unsupported("sizes of type ", DTypeName(dtype), " cannot be rewritten");
    }
  }
  return tensor;
}

class Resizer {
 public:
  Resizer(const Graph& file, const Graph& own, std::vector<std::string>* notes)
      : own_(own),
        graph_(file),
        notes_(notes),
        states_(file.nodes.size(), State::kWaiting),
        follows_picture_(file.values.size(), false) {}

  Result<Graph> Run(const std::vector<Shape>& input_shapes) {
    SL_TRY(VerifyStructure(graph_));
    for (size_t i = 0; i < input_shapes.size(); ++i) {
      if (input_shapes[i].rank() > 0) graph_.values[graph_.inputs[i]].shape = input_shapes[i];
    }
    SL_TRY(ResizeNodes(std::vector<bool>(graph_.nodes.size(), true)));
    // Once more from the start, with all checks and with shape arithmetic evaluated.
    SL_TRY(Infer(graph_));
    return std::move(graph_);
  }

 private:
  // Those of the nodes that are wanted and not done yet, in their order.
  Status ResizeNodes(const std::vector<bool>& wanted) {
    for (size_t id = 0; id < states_.size(); ++id) {
      if (states_[id] != State::kWaiting || !wanted[id]) continue;
      states_[id] = State::kBegun;
      const Status status = ResizeNode(static_cast<NodeId>(id));
      if (!status.ok()) return Locate(status, static_cast<NodeId>(id));
      states_[id] = State::kInferred;
    }
    return {};
  }

  // The innermost node is the one at fault.
  Status Locate(const Status& status, NodeId id) {
    if (located_) return status;
    located_ = true;
    return status.With(Cat(NodeLabel(own_, own_.nodes[id]), " at this picture size"));
  }

  Status ResizeNode(NodeId id) {
    SL_TRY(RewriteSizes(id, /*computed=*/false));
    RewriteOptions(id);
    Status inferred = InferNode(graph_, id);
    // Sizes computed from a shape follow the picture by themselves; but often only the batch is, and the rest is the
    // exporter's own picture.
    if (!inferred.ok() && HasComputedSizes(id)) {
      SL_TRY(RewriteSizes(id, /*computed=*/true));
      inferred = InferNode(graph_, id);
    }
    SL_TRY(inferred);
    const Node& node = graph_.nodes[id];
    bool follows = node.op->reads_only_shape;
    for (ValueId input : node.inputs) follows = follows || (input != kNone && FollowsPicture(input));
    for (ValueId output : node.outputs) follows_picture_[output] = follows;
    return {};
  }

  bool FollowsPicture(ValueId id) const {
    return id < static_cast<ValueId>(follows_picture_.size()) && follows_picture_[id];
  }

  // Input `i` of the node is a shape that its op lets us rewrite.
  bool IsSizes(const Node& node, int i) const {
    return node.op->rescale != nullptr && (node.op->shape_inputs >> i & 1) != 0;
  }

  bool HasComputedSizes(NodeId id) const {
    const Node& node = graph_.nodes[id];
    for (size_t i = 0; i < node.inputs.size(); ++i) {
      const ValueId input = node.inputs[i];
      if (input != kNone && IsSizes(node, static_cast<int>(i)) && graph_.values[input].is_constant() &&
          FollowsPicture(input)) {
        return true;
      }
    }
    return false;
  }

  Status RewriteSizes(NodeId id, bool computed) {
    const int count = std::min(graph_.nodes[id].op->max_inputs, 32);
    for (int i = 0; i < count; ++i) {
      if (!IsSizes(graph_.nodes[id], i)) continue;
      const OpContext context(graph_, graph_.nodes[id]);
      // A shape that is left out stands among the node's options.
      const bool given = context.has_input(i);
      if (given && !context.input(i).is_constant()) continue;
      if (given && FollowsPicture(graph_.nodes[id].inputs[i]) != computed) continue;
      SL_TRY(Rewrite(id, i, given ? context.input(i).dtype : DType::kInt32));
    }
    return {};
  }

  void RewriteOptions(NodeId id) {
    Node& node = graph_.nodes[id];
    if (node.op->rescale_options == nullptr) return;
    const OpContext before(own_, own_.nodes[id]);
    auto options = node.op->rescale_options(before, OpContext(graph_, node));
    if (options == nullptr) return;
    node.attrs = std::move(options);
    notes_->push_back(Cat(NodeLabel(own_, own_.nodes[id]), ": over all of ", before.input(0).shape.ToString(),
                          " -> of ", graph_.values[node.inputs[0]].shape.ToString()));
  }

  Status Rewrite(NodeId id, int input, DType dtype) {
    const auto rescale = graph_.nodes[id].op->rescale;
    const OpContext before(own_, own_.nodes[id]);
    SL_ASSIGN(const std::vector<int64_t> old_sizes, rescale(before, before, input));
    SL_ASSIGN(std::vector<int64_t> sizes, rescale(before, OpContext(graph_, graph_.nodes[id]), input));
    if (graph_.nodes[id].op->size_follows_join) SL_TRY(FollowJoins(id, &sizes));
    if (sizes == old_sizes) return {};
    std::vector<ValueId>& inputs = graph_.nodes[id].inputs;
    const std::string name = before.has_input(input) ? before.input(input).name : before.output(0).name + "/sizes";
    SL_ASSIGN(Tensor tensor, SizesTensor(dtype, sizes));
    notes_->push_back(
        Cat(NodeLabel(own_, own_.nodes[id]), ": sizes ", Shape(old_sizes).ToString(), " -> ", Shape(sizes).ToString()));
    if (static_cast<int>(inputs.size()) <= input) inputs.resize(input + 1, kNone);
    // The constant may serve other nodes as well, so this one gets its own.
    inputs[input] = graph_.AddConstant(name, std::move(tensor));
    return {};
  }

  // Two sizes are those of a picture's height and width; otherwise there is one for every axis.
  Status FollowJoins(NodeId id, std::vector<int64_t>* sizes) {
    const int first_axis = sizes->size() == 2 ? 1 : 0;
    for (size_t i = 0; i < sizes->size(); ++i) {
      const std::optional<AxisOfValue> join = FindJoin(own_, id, first_axis + static_cast<int>(i));
      if (!join.has_value()) continue;
      SL_TRY(MakeKnown(join->value));
      const Value& value = graph_.values[join->value];
      // Not known when it waits for this very node; the ratio decides then.
      if (value.producer == kNone || states_[value.producer] == State::kInferred) (*sizes)[i] = value.shape[join->axis];
    }
    return {};
  }

  // Infers a value that stands further down in the order, with all that it is made from.
  Status MakeKnown(ValueId id) {
    const NodeId producer = graph_.values[id].producer;
    if (producer == kNone || states_[producer] != State::kWaiting || nesting_ >= kMaxNesting) return {};
    std::vector<bool> wanted(graph_.nodes.size(), false);
    wanted[producer] = true;
    for (NodeId n = producer; n >= 0; --n) {
      if (!wanted[n]) continue;
      for (ValueId input : graph_.nodes[n].inputs) {
        if (input != kNone && graph_.values[input].producer != kNone) wanted[graph_.values[input].producer] = true;
      }
    }
    ++nesting_;
    const Status status = ResizeNodes(wanted);
    --nesting_;
    return status;
  }

  enum class State : uint8_t { kWaiting, kBegun, kInferred };

  const Graph& own_;
  Graph graph_;
  std::vector<std::string>* notes_;
  std::vector<State> states_;          // by NodeId
  std::vector<bool> follows_picture_;  // by ValueId: computed from the shape of something
  int nesting_ = 0;
  bool located_ = false;
};

}  // namespace

Result<Graph> ResizeGraph(const Graph& file, const Graph& own, const std::vector<Shape>& input_shapes,
                          std::vector<std::string>* notes) {
  if (!input_shapes.empty() && input_shapes.size() != file.inputs.size()) {
    return InvalidArgument(input_shapes.size(), " input shapes given, the network has ", file.inputs.size(), " inputs");
  }
  bool changed = false;
  for (size_t i = 0; i < input_shapes.size(); ++i) {
    const Value& input = own.values[own.inputs[i]];
    if (input_shapes[i].rank() == 0 || input_shapes[i] == input.shape) continue;
    changed = true;
    if (input_shapes[i].rank() != input.shape.rank()) {
      return InvalidArgument("input ", i, " '", input.name, "' is ", input.shape.ToString(), ", asked for ",
                             input_shapes[i].ToString());
    }
    for (int64_t dim : input_shapes[i].dims()) {
      if (dim < 1 || dim > (int64_t{1} << 31) - 1) {
        return InvalidArgument("input ", i, " '", input.name, "' asked for as ", input_shapes[i].ToString());
      }
    }
  }
  if (!changed) return own;
  return Resizer(file, own, notes).Run(input_shapes);
}

}  // namespace safelight
