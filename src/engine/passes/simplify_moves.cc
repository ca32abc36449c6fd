// SPDX-License-Identifier: Apache-2.0
//
// Transpositions and reshapes go: those of a chain become one, or nothing where they undo each other, or
// DEPTH_TO_SPACE and its inverse. So that they meet, they move behind ops that work element by element. Same bits.
#include <algorithm>
#include <iterator>
#include <optional>
#include <string_view>
#include <utility>

#include "engine/passes/passes.h"
#include "engine/passes/support/move_chain.h"
#include "engine/passes/support/options.h"
#include "engine/passes/support/rewrite.h"
#include "graph/op_def.h"

namespace safelight {
namespace {

bool Is(const Node& node, std::string_view op) { return node.op != nullptr && node.op->name == op; }
bool IsReshape(const Node& node) { return Is(node, "RESHAPE") || Is(node, "SQUEEZE") || Is(node, "EXPAND_DIMS"); }

// The permutation of a transposition, or none.
std::optional<std::vector<int64_t>> PermOf(const Graph& graph, const Node& node) {
  if (!Is(node, "TRANSPOSE")) return std::nullopt;
  Result<std::vector<int64_t>> perm = OpContext(graph, node).ConstInts(1);
  if (!perm.ok()) return std::nullopt;
  for (int64_t& axis : *perm) axis += axis < 0 ? static_cast<int64_t>(perm->size()) : 0;
  return std::move(perm).value();
}

// Blocks of pixels to channels, `block` by `block`, as the steps that it takes.
MoveChain SpaceToDepth(const Shape& in, int64_t block) {
  MoveChain chain(in);
  chain.Reshape({in[0], in[1] / block, block, in[2] / block, block, in[3]});
  chain.Transpose(std::vector<int64_t>{0, 1, 3, 2, 4, 5});
  chain.Reshape({in[0], in[1] / block, in[2] / block, block * block * in[3]});
  return chain;
}
MoveChain DepthToSpace(const Shape& in, int64_t block) {
  const int64_t channels = in[3] / (block * block);
  MoveChain chain(in);
  chain.Reshape({in[0], in[1], in[2], block, block, channels});
  chain.Transpose(std::vector<int64_t>{0, 1, 3, 2, 4, 5});
  chain.Reshape({in[0], in[1] * block, in[2] * block, channels});
  return chain;
}

// Builds the list of nodes anew, in its order.
class Simplifier {
 public:
  explicit Simplifier(Graph& graph) : graph_(graph), readers_(graph.values.size(), 0) {
    for (const Node& node : graph.nodes) {
      for (ValueId input : node.inputs) {
        if (input != kNone) ++readers_[input];
      }
    }
    for (ValueId output : graph.outputs) ++readers_[output];
    Grow();
  }

  int Run() {
    const std::vector<Node> before = std::move(graph_.nodes);
    for (Node node : before) {
      for (ValueId& input : node.inputs) {
        if (input != kNone) input = alias_[input];
      }
      if (IsMove(node)) {
        PlaceMove(std::move(node));
      } else if (!Sink(node)) {
        Emit(std::move(node));
      }
    }
    std::erase_if(nodes_, [](const Node& node) { return node.op == nullptr; });
    graph_.nodes = std::move(nodes_);
    graph_.LinkProducers();
    return changes_;
  }

 private:
  const Shape& ShapeOf(ValueId id) const { return graph_.values[id].shape; }
  bool IsMove(const Node& node) const {
    if (node.inputs.empty() || node.inputs[0] == kNone || ShapeOf(node.inputs[0]).elements() == 0) return false;
    return IsReshape(node) || PermOf(graph_, node).has_value();
  }
  // The node that makes a value, where it is a transposition or a reshape.
  const Node* MoveBehind(ValueId id) const {
    if (id == kNone || maker_[id] == kNone || !IsMove(nodes_[maker_[id]])) return nullptr;
    return &nodes_[maker_[id]];
  }

  void Grow() {
    for (size_t id = alias_.size(); id < graph_.values.size(); ++id) alias_.push_back(static_cast<ValueId>(id));
    maker_.resize(graph_.values.size(), kNone);
    readers_.resize(graph_.values.size(), 0);
  }
  void Emit(Node node) {
    for (ValueId output : node.outputs) maker_[output] = static_cast<int>(nodes_.size());
    nodes_.push_back(std::move(node));
  }
  // One reader fewer. What nobody reads goes; only moves lose their readers.
  void Unread(ValueId id) {
    if (id == kNone || --readers_[id] > 0 || maker_[id] == kNone) return;
    Node& node = nodes_[maker_[id]];
    for (ValueId input : node.inputs) Unread(input);
    node = Node();
  }

  bool Apply(const Node& move, MoveChain* chain) const {
    if (IsReshape(move)) return chain->Reshape(ShapeOf(move.outputs[0]));
    chain->Transpose(*PermOf(graph_, move));
    return true;
  }

  // `node` reads the value from which the longest chain of moves that it ends is one op, or goes.
  void PlaceMove(Node node) {
    std::vector<Node> steps = {node};  // the last of the chain first
    while (const Node* behind = MoveBehind(steps.back().inputs[0])) steps.push_back(*behind);
    for (size_t count = steps.size(); count > 0; --count) {
      const ValueId from = steps[count - 1].inputs[0];
      MoveChain chain(ShapeOf(from));
      bool known = true;
      for (size_t i = count; i-- > 0 && known;) known = Apply(steps[i], &chain);
      if (!known) continue;
      if (chain.KeepsOrder() && chain.in() == chain.out() && Drop(node, from)) return;
      // A lone reshape is what it is; a transposition may be less than it seems.
      if (count == 1 && (IsReshape(node) || !chain.KeepsOrder())) continue;
      std::optional<Node> one = AsOneNode(chain);
      if (!one.has_value()) continue;
      one->inputs.insert(one->inputs.begin(), from);
      one->outputs = node.outputs;
      for (size_t i = 0; i < count; ++i) {
        one->file_nodes.insert(one->file_nodes.end(), steps[i].file_nodes.begin(), steps[i].file_nodes.end());
      }
      std::sort(one->file_nodes.begin(), one->file_nodes.end());
      ++readers_[from];
      for (ValueId input : node.inputs) Unread(input);
      for (ValueId input : one->inputs) readers_[input] += input == from ? 0 : 1;
      ++changes_;
      return Emit(*std::move(one));
    }
    Emit(std::move(node));
  }

  // Readers of the node's output read `from`. Outputs of the graph keep their names.
  bool Drop(const Node& node, ValueId from) {
    const ValueId output = node.outputs[0];
    if (std::find(graph_.outputs.begin(), graph_.outputs.end(), output) != graph_.outputs.end()) return false;
    alias_[output] = from;
    readers_[from] += readers_[output];
    for (ValueId input : node.inputs) Unread(input);
    ++changes_;
    return true;
  }

  // A node without data input and outputs.
  std::optional<Node> AsOneNode(const MoveChain& chain) {
    const Shape &in = chain.in(), out = chain.out();
    const std::vector<int64_t> sizes(out.dims().begin(), out.dims().end());
    if (chain.KeepsOrder()) return WithOption("RESHAPE", sizes);
    if (const auto perm = chain.AsTranspose()) {
      Tensor tensor(DType::kInt32, Shape({static_cast<int64_t>(perm->size())}));
      std::copy(perm->begin(), perm->end(), tensor.data<int32_t>());
      const ValueId axes = graph_.AddConstant("perm", std::move(tensor));
      Grow();
      return Node{FindOp("TRANSPOSE"), nullptr, {axes}, {}, {}};
    }
    if (in.rank() != 4 || out.rank() != 4) return std::nullopt;
    const int64_t up = out[1] / in[1], down = in[1] / out[1];
    if (up > 1 && in[3] % (up * up) == 0 && chain == DepthToSpace(in, up)) return WithOption("DEPTH_TO_SPACE", {up});
    const bool divides = down > 1 && in[1] % down == 0 && in[2] % down == 0;
    if (divides && chain == SpaceToDepth(in, down)) return WithOption("SPACE_TO_DEPTH", {down});
    return std::nullopt;
  }
  static std::optional<Node> WithOption(std::string_view name, const std::vector<int64_t>& numbers) {
    const OpDef* const op = FindOp(name);
    if (op == nullptr) return std::nullopt;
    auto attrs = op->read(FirstOption(numbers));
    if (!attrs.ok()) return std::nullopt;
    return Node{op, *attrs, {}, {}, {}};
  }

  // Both move all elements of one shape alike.
  bool SameMove(const Node& a, const Node& b) const {
    MoveChain first(ShapeOf(a.inputs[0])), second(ShapeOf(b.inputs[0]));
    return Apply(a, &first) && Apply(b, &second) && first == second;
  }

  // An op that works element by element on moved values works on them as they were, and its result is moved.
  bool Sink(const Node& node) {
    if (node.op->element == nullptr || node.outputs.size() != 1) return false;
    const Node* move = nullptr;
    for (ValueId input : node.inputs) {
      if (input == kNone || !IsFloat(graph_.values[input])) return false;
      if (const Node* behind = MoveBehind(input); behind != nullptr && move == nullptr) move = behind;
    }
    if (move == nullptr || !IsFloat(graph_.values[node.outputs[0]])) return false;
    if (!(ShapeOf(move->outputs[0]) == ShapeOf(node.outputs[0]))) return false;
    const Node moved = *move;
    Node own = node;
    std::vector<ValueId> constants(node.inputs.size(), kNone);
    for (size_t i = 0; i < node.inputs.size(); ++i) {
      const ValueId input = node.inputs[i];
      if (const Node* behind = MoveBehind(input)) {
        const auto here = std::count(node.inputs.begin(), node.inputs.end(), input);
        if (!SameMove(*behind, moved) || readers_[input] != here) return false;
        own.inputs[i] = behind->inputs[0];
      } else if (!Permits(input, moved)) {
        return false;
      }
    }
    Value result = graph_.values[node.outputs[0]];
    result.shape = ShapeOf(moved.inputs[0]);
    own.outputs = {graph_.AddValue(std::move(result))};
    for (size_t i = 0; i < node.inputs.size(); ++i) {
      if (own.inputs[i] == node.inputs[i]) own.inputs[i] = MovedBack(node.inputs[i], moved);
    }
    Grow();
    Node after{moved.op, moved.attrs, moved.inputs, node.outputs, moved.file_nodes};
    after.inputs[0] = own.outputs[0];
    for (ValueId input : own.inputs) ++readers_[input];
    for (ValueId input : after.inputs) readers_[input] += input == kNone ? 0 : 1;
    for (ValueId input : node.inputs) Unread(input);
    Emit(std::move(own));
    PlaceMove(std::move(after));
    ++changes_;
    return true;
  }

  // A constant that can be broadcast to what is not moved yet: one number, or numbers along one axis of a
  // transposition.
  bool Permits(ValueId id, const Node& move) const {
    const Value& value = graph_.values[id];
    if (!value.is_constant()) return false;
    const auto dims = value.shape.dims();
    return std::count_if(dims.begin(), dims.end(), [](int64_t size) { return size != 1; }) <=
           (Is(move, "TRANSPOSE") ? 1 : 0);
  }
  ValueId MovedBack(ValueId id, const Node& move) {
    Value value = graph_.values[id];
    const Shape before = value.shape;
    value.shape = Shape();
    if (before.elements() != 1) {
      const std::vector<int64_t> perm = *PermOf(graph_, move);
      const int rank = static_cast<int>(perm.size());
      for (int axis = 0; axis < rank; ++axis) value.shape.push_back(1);
      for (int axis = 0; axis < before.rank(); ++axis) {
        value.shape[static_cast<int>(perm[rank - before.rank() + axis])] = before[axis];
      }
    }
    return graph_.AddValue(std::move(value));
  }

  Graph& graph_;
  std::vector<Node> nodes_;
  std::vector<int> readers_;
  std::vector<int> maker_;      // by ValueId: position in nodes_, or kNone
  std::vector<ValueId> alias_;  // by ValueId: what its readers read instead
  int changes_ = 0;
};

}  // namespace

Status SimplifyMoves(Graph& graph, std::vector<std::string>* notes) {
  const size_t before = graph.nodes.size();
  const int changes = Simplifier(graph).Run();
  if (changes > 0) {
    notes->push_back(
        Cat(changes, " transpositions and reshapes moved or joined, ", before - graph.nodes.size(), " nodes fewer"));
  }
  return {};
}

}  // namespace safelight
