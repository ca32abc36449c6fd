// SPDX-License-Identifier: Apache-2.0
#include "graph/resize.h"

#include <algorithm>
#include <cstring>
#include <numeric>

#include "graph/infer.h"
#include "graph/op_def.h"

namespace safelight {
namespace {

// Larger factors between a picture and its inner values are not strides but sizes.
constexpr int64_t kMaxTotalStride = 256;

bool SamePlane(const Shape& a, const Shape& b) {
  return a.rank() == 4 && b.rank() == 4 && a[1] == b[1] && a[2] == b[2];
}

// The value that the output of own.nodes[id] meets later at equal height and width (an add, a
// concatenation), if it is not made from that output itself.
ValueId FindJoinPartner(const Graph& own, NodeId id) {
  const Value& start = own.values[own.nodes[id].outputs[0]];
  std::vector<bool> descended(own.values.size(), false), level(own.values.size(), false);
  descended[own.nodes[id].outputs[0]] = level[own.nodes[id].outputs[0]] = true;
  for (size_t n = static_cast<size_t>(id) + 1; n < own.nodes.size(); ++n) {
    const Node& node = own.nodes[n];
    bool from_descended = false, from_level = false;
    for (ValueId input : node.inputs) {
      if (input == kNone) continue;
      from_descended = from_descended || descended[input];
      from_level = from_level || level[input];
    }
    if (!from_descended) continue;
    const bool keeps_plane = SamePlane(own.values[node.outputs[0]].shape, start.shape);
    for (ValueId output : node.outputs) {
      descended[output] = true;
      level[output] = from_level && keeps_plane;
    }
    if (!from_level || !keeps_plane) continue;
    for (ValueId input : node.inputs) {
      if (input == kNone || descended[input] || own.values[input].is_constant()) continue;
      if (SamePlane(own.values[input].shape, start.shape)) return input;
    }
  }
  return kNone;
}

class Resizer {
 public:
  Resizer(const Graph& file, const Graph& own, std::vector<std::string>* notes)
      : own_(own), graph_(file), notes_(notes) {}

  Result<Graph> Run(const std::vector<Shape>& input_shapes) {
    SL_TRY(VerifyStructure(graph_));
    for (size_t i = 0; i < input_shapes.size(); ++i) {
      if (input_shapes[i].rank() > 0) graph_.values[graph_.inputs[i]].shape = input_shapes[i];
    }
    for (size_t id = 0; id < graph_.nodes.size(); ++id) {
      const Status status = ResizeNode(static_cast<NodeId>(id));
      if (!status.ok()) return status.With(Cat(NodeLabel(own_, own_.nodes[id]), " at this picture size"));
      const Status inferred = InferNode(graph_, static_cast<NodeId>(id));
      if (!inferred.ok()) return inferred.With(Cat(NodeLabel(own_, own_.nodes[id]), " at this picture size"));
    }
    // Once more from the start, with all checks and with shape arithmetic evaluated.
    SL_TRY(Infer(graph_));
    return std::move(graph_);
  }

 private:
  Status ResizeNode(NodeId id) {
    const OpDef& op = *graph_.nodes[id].op;
    if (op.shape_inputs == 0 || op.rescale == nullptr) return {};
    for (size_t i = 0; i < graph_.nodes[id].inputs.size(); ++i) {
      const ValueId input = graph_.nodes[id].inputs[i];
      if ((op.shape_inputs >> i & 1) == 0 || input == kNone) continue;
      const Value& value = graph_.values[input];
      if (!value.is_constant() || value.producer != kNone) continue;
      SL_TRY(Rewrite(id, static_cast<int>(i)));
    }
    return {};
  }

  Status Rewrite(NodeId id, int input) {
    const OpContext before(own_, own_.nodes[id]), after(graph_, graph_.nodes[id]);
    SL_ASSIGN(const std::vector<int64_t> old_sizes, before.ConstInts(input));
    SL_ASSIGN(std::vector<int64_t> sizes, graph_.nodes[id].op->rescale(before, after, input));
    if (graph_.nodes[id].op->size_follows_join) FollowJoin(id, &sizes);
    if (sizes == old_sizes) return {};
    const Value& old = graph_.values[graph_.nodes[id].inputs[input]];
    // The constant may serve other nodes as well, so this one gets its own.
    Tensor tensor(old.dtype, Shape({static_cast<int64_t>(sizes.size())}));
    for (size_t i = 0; i < sizes.size(); ++i) {
      if (old.dtype == DType::kInt64) {
        tensor.data<int64_t>()[i] = sizes[i];
      } else if (old.dtype == DType::kInt32) {
        tensor.data<int32_t>()[i] = static_cast<int32_t>(sizes[i]);
      } else {
        return Unsupported("sizes of type ", DTypeName(old.dtype), " cannot be rewritten");
      }
    }
    notes_->push_back(
        Cat(NodeLabel(own_, own_.nodes[id]), ": sizes ", Shape(old_sizes).ToString(), " -> ", Shape(sizes).ToString()));
    graph_.nodes[id].inputs[input] = graph_.AddConstant(old.name, std::move(tensor));
    return {};
  }

  void FollowJoin(NodeId id, std::vector<int64_t>* sizes) {
    const ValueId partner = FindJoinPartner(own_, id);
    if (partner == kNone) return;
    const Value& value = graph_.values[partner];
    // A partner that is computed later has no size yet; the ratio decides then.
    if (value.producer != kNone && value.producer >= id) return;
    if (sizes->size() == 2) *sizes = {value.shape[1], value.shape[2]};
    if (sizes->size() == 4) {
      (*sizes)[1] = value.shape[1];
      (*sizes)[2] = value.shape[2];
    }
  }

  const Graph& own_;
  Graph graph_;
  std::vector<std::string>* notes_;
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

int64_t TotalStride(const Graph& own, bool columns) {
  if (own.inputs.empty()) return 1;
  const Shape& picture = own.values[own.inputs[0]].shape;
  if (picture.rank() != 4) return 1;
  const int axis = columns ? 2 : 1;
  int64_t stride = 1;
  for (const Node& node : own.nodes) {
    const Shape& shape = own.values[node.outputs[0]].shape;
    if (shape.rank() != 4 || shape[axis] <= 1 || picture[axis] <= shape[axis]) continue;
    const int64_t ratio = (picture[axis] + shape[axis] - 1) / shape[axis];
    if (ratio <= kMaxTotalStride && std::lcm(stride, ratio) <= kMaxTotalStride) stride = std::lcm(stride, ratio);
  }
  return stride;
}

}  // namespace safelight
