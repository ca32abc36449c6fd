// SPDX-License-Identifier: Apache-2.0
#include "graph/limits.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <vector>

#include "graph/infer.h"
#include "graph/op_def.h"

namespace safelight {
namespace {

// What clips has done so long before these.
constexpr float kHuge[] = {1e6f, 1e8f};
// Rows and columns of the trial picture.
constexpr int64_t kTrialSize = 2;

// The one input of `node` that is computed, if the node multiplies nothing up; kNone otherwise.
ValueId OnlyInput(const Graph& graph, const Node& node) {
  if (node.op->cost != nullptr && node.op->cost(OpContext(graph, node)).macs > 0) return kNone;
  ValueId only = kNone;
  for (ValueId input : node.inputs) {
    if (input == kNone || graph.values[input].is_constant()) continue;
    if (only != kNone && only != input) return kNone;
    only = input;
  }
  return only;
}

// The last nodes, in running order, with what they start from.
struct Tail {
  std::vector<NodeId> nodes;
  ValueId head = kNone;
};

Tail FindTail(const Graph& graph, ValueId output) {
  Tail tail{{}, output};
  while (graph.values[tail.head].producer != kNone) {
    const NodeId producer = graph.values[tail.head].producer;
    const ValueId input = OnlyInput(graph, graph.nodes[producer]);
    if (input == kNone) break;
    tail.nodes.insert(tail.nodes.begin(), producer);
    tail.head = input;
  }
  return tail;
}

// A head of one number everywhere; nothing for types that are not numbers here.
std::optional<Tensor> Filled(DType dtype, const Shape& shape, bool positive, float huge) {
  Tensor tensor(dtype, shape);
  const auto fill = [&](auto* elements, auto value) { std::fill_n(elements, shape.elements(), value); };
  switch (dtype) {
    case DType::kFloat32: fill(tensor.data<float>(), positive ? huge : -huge); break;
    case DType::kInt8: fill(tensor.data<int8_t>(), static_cast<int8_t>(positive ? 127 : -128)); break;
    case DType::kUInt8: fill(tensor.data<uint8_t>(), static_cast<uint8_t>(positive ? 255 : 0)); break;
    case DType::kInt16: fill(tensor.data<int16_t>(), static_cast<int16_t>(positive ? 32767 : -32768)); break;
    default: return std::nullopt;
  }
  return tensor;
}

// The lowest and the highest element that the tail makes of a filled head.
std::optional<Limits> RunTail(const Graph& own, const Tail& tail, ValueId output, Tensor head) {
  Graph trial;
  std::map<ValueId, ValueId> copies;
  const QuantParams quant = own.values[tail.head].quant;
  copies[tail.head] = trial.AddConstant("head", std::move(head));
  trial.values[copies[tail.head]].quant = quant;
  const auto copy = [&](ValueId id) {
    if (id == kNone || copies.contains(id)) return id == kNone ? kNone : copies[id];
    Value value = own.values[id];
    value.producer = kNone;
    return copies[id] = trial.AddValue(std::move(value));
  };
  for (NodeId id : tail.nodes) {
    Node node = own.nodes[id];
    for (ValueId& input : node.inputs) {
      // Shape arithmetic was evaluated for the file's size; weights that were unpacked are constants like others.
      if (input != kNone && !copies.contains(input) && own.values[input].producer != kNone &&
          own.values[input].dtype != DType::kFloat32) {
        return std::nullopt;
      }
      input = copy(input);
    }
    for (ValueId& made : node.outputs) {
      made = copy(made);
      trial.values[made].constant = nullptr;
    }
    trial.AddNode(std::move(node));
  }
  if (!Infer(trial).ok()) return std::nullopt;
  const Value& value = trial.values[copies[output]];
  if (!value.is_constant() || value.dtype != DType::kFloat32 || value.shape.elements() == 0) return std::nullopt;
  const float* elements = reinterpret_cast<const float*>(value.constant);
  const auto [low, high] = std::minmax_element(elements, elements + value.shape.elements());
  return Limits{*low, *high};
}

// The hull over both signs; the same for every huge number.
std::optional<Limits> LimitsAt(const Graph& own, const Tail& tail, ValueId output, const Shape& shape) {
  std::optional<Limits> limits;
  for (float huge : kHuge) {
    Limits now{HUGE_VAL, -HUGE_VAL};
    for (bool positive : {false, true}) {
      std::optional<Tensor> head = Filled(own.values[tail.head].dtype, shape, positive, huge);
      if (!head.has_value()) return std::nullopt;
      const std::optional<Limits> made = RunTail(own, tail, output, std::move(*head));
      if (!made.has_value()) return std::nullopt;
      now = {std::min(now.low, made->low), std::max(now.high, made->high)};
    }
    const bool grows = limits.has_value() && (now.low != limits->low || now.high != limits->high);
    if (grows || !std::isfinite(now.low) || !std::isfinite(now.high) || now.low >= now.high) return std::nullopt;
    limits = now;
  }
  return limits;
}

}  // namespace

std::optional<Limits> FindLimits(const Graph& own, ValueId output) {
  const Tail tail = FindTail(own, output);
  if (tail.nodes.empty()) return std::nullopt;
  const Shape& shape = own.values[tail.head].shape;
  // Rows and columns may stand before the channels or behind them.
  for (int first : {1, 2}) {
    Shape small = shape;
    if (shape.rank() == 4) small[first] = small[first + 1] = kTrialSize;
    if (small.elements() > 4096 || small.elements() == 0) continue;
    if (const auto limits = LimitsAt(own, tail, output, small)) return limits;
  }
  return std::nullopt;
}

}  // namespace safelight
