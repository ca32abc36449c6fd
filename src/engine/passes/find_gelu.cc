// SPDX-License-Identifier: Apache-2.0
//
// x / 2 (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))), written out in products and sums in any order, is GELU. The order
// of its roundings is another.
#include <algorithm>
#include <array>
#include <cmath>
#include <optional>
#include <vector>

#include "engine/passes/passes.h"
#include "engine/passes/support/options.h"
#include "engine/passes/support/rewrite.h"
#include "graph/passes/passes.h"
#include "ops/support/binary.h"

namespace safelight {
namespace {

// How deep a product of products is looked into.
constexpr int kDepth = 6;

bool Near(double a, double b) { return std::abs(a - b) < 1e-4 * std::abs(b); }

// A number times values, each as often as it is a factor.
struct Product {
  double number = 1;
  std::vector<ValueId> factors;
};

class Finder {
 public:
  explicit Finder(const Rewrite& graph) : graph_(graph) {}

  // The x of which node `id` is the GELU.
  std::optional<ValueId> Find(NodeId id) const {
    if (!Is(id, "MUL")) return std::nullopt;
    for (ValueId factor : Multiply(graph_.node(id).outputs[0], kNone).factors) {
      // 1 + tanh(inner)
      const auto sum = PlusNumber(factor);
      if (!sum.has_value() || !Near(sum->number, 1)) continue;
      const NodeId tanh = graph_.Producer(sum->factors[0]);
      if (!Is(tanh, "TANH")) continue;
      const ValueId inner = graph_.node(tanh).inputs[0];
      for (ValueId x : Candidates(inner)) {
        if (IsInner(inner, x) && IsOuter(graph_.node(id).outputs[0], factor, x)) return x;
      }
    }
    return std::nullopt;
  }

 private:
  bool Is(NodeId id, std::string_view op) const {
    if (id == kNone || !graph_.Is(id, op)) return false;
    const auto* clamped = dynamic_cast<const ClampedAttrs*>(graph_.node(id).attrs.get());
    return IsFloat(graph_.value(graph_.node(id).outputs[0])) &&
           (clamped == nullptr || (std::isinf(clamped->clamp.low) && std::isinf(clamped->clamp.high)));
  }

  // `value` as a product, not looking behind `stop`.
  Product Multiply(ValueId value, ValueId stop, int depth = kDepth) const {
    if (const std::optional<float> number = ScalarOf(graph_.value(value))) return {*number, {}};
    const NodeId id = value == stop || depth == 0 ? kNone : graph_.Producer(value);
    Product product;
    const auto take = [&](ValueId operand, int times) {
      const Product part = Multiply(operand, stop, depth - 1);
      for (int i = 0; i < times; ++i) {
        product.number *= part.number;
        product.factors.insert(product.factors.end(), part.factors.begin(), part.factors.end());
      }
    };
    if (Is(id, "MUL")) {
      take(graph_.node(id).inputs[0], 1);
      take(graph_.node(id).inputs[1], 1);
    } else if (Is(id, "SQUARE")) {
      take(graph_.node(id).inputs[0], 2);
    } else if (Is(id, "POW") && (Exponent(id) == 2.0f || Exponent(id) == 3.0f)) {
      take(graph_.node(id).inputs[0], static_cast<int>(Exponent(id)));
    } else {
      product.factors.push_back(value);
    }
    return product;
  }
  float Exponent(NodeId id) const { return ScalarOf(graph_.value(graph_.node(id).inputs[1])).value_or(0.0f); }

  // number + factors[0].
  std::optional<Product> PlusNumber(ValueId value) const {
    const NodeId id = graph_.Producer(value);
    if (!Is(id, "ADD")) return std::nullopt;
    for (int i : {0, 1}) {
      const std::optional<float> number = ScalarOf(graph_.value(graph_.node(id).inputs[i]));
      if (number.has_value()) return Product{*number, {graph_.node(id).inputs[1 - i]}};
    }
    return std::nullopt;
  }

  // What x may be: a factor of the tanh's argument, or an operand of a sum among them.
  std::vector<ValueId> Candidates(ValueId inner) const {
    std::vector<ValueId> all;
    for (ValueId factor : Multiply(inner, kNone).factors) {
      all.push_back(factor);
      const NodeId sum = graph_.Producer(factor);
      if (!Is(sum, "ADD")) continue;
      all.insert(all.end(), graph_.node(sum).inputs.begin(), graph_.node(sum).inputs.end());
    }
    return all;
  }

  bool IsPower(const Product& product, ValueId x, size_t power, double number) const {
    return product.factors == std::vector<ValueId>(power, x) && Near(product.number, number);
  }

  // sqrt(2 / pi) (x + 0.044715 x^3), or sqrt(2 / pi) x (1 + 0.044715 x^2).
  bool IsInner(ValueId inner, ValueId x) const {
    constexpr double kCubic = 0.044715, kScale = 0.79788456;
    Product product = Multiply(inner, x);
    if (!Near(product.number, kScale)) return false;
    std::erase(product.factors, x);
    if (product.factors.size() != 1) return false;
    const ValueId rest = product.factors[0];
    if (Multiply(inner, x).factors.size() == 2) {
      const auto sum = PlusNumber(rest);
      return sum.has_value() && Near(sum->number, 1) && IsPower(Multiply(sum->factors[0], x), x, 2, kCubic);
    }
    const NodeId sum = graph_.Producer(rest);
    if (!Is(sum, "ADD")) return false;
    for (int i : {0, 1}) {
      const std::vector<ValueId>& inputs = graph_.node(sum).inputs;
      if (inputs[i] == x && IsPower(Multiply(inputs[1 - i], x), x, 3, kCubic)) return true;
    }
    return false;
  }

  // 0.5 x times `factor`.
  bool IsOuter(ValueId out, ValueId factor, ValueId x) const {
    Product product = Multiply(out, x);
    const auto found = std::find(product.factors.begin(), product.factors.end(), factor);
    if (found == product.factors.end()) return false;
    product.factors.erase(found);
    return IsPower(product, x, 1, 0.5) && graph_.value(x).shape == graph_.value(out).shape;
  }

  const Rewrite& graph_;
};

}  // namespace

Status FindGelu(Graph& original, std::vector<std::string>* notes) {
  const OpDef* const op = FindOp("GELU");
  if (op == nullptr) return Internal("op GELU is missing");
  Rewrite graph(original);
  int found = 0;
  for (NodeId id = 0; id < static_cast<NodeId>(graph.num_nodes()); ++id) {
    const std::optional<ValueId> x = Finder(graph).Find(id);
    if (!x.has_value()) continue;
    SL_ASSIGN(const auto attrs, op->read(FirstOption({1})));
    graph.Set(id, Node{op, attrs, {*x}, graph.node(id).outputs, graph.node(id).file_nodes});
    ++found;
  }
  graph.Finish();
  if (found == 0) return {};
  notes->push_back(Cat(found, " GELUs written out in other ops"));
  return RemoveDeadNodes(original);
}

}  // namespace safelight
