// SPDX-License-Identifier: Apache-2.0
#include "delegates/opencl/steps.h"

#include <algorithm>
#include <map>
#include <set>

namespace safelight::opencl {
namespace {

// Kernels have a limited number of arguments, and long chains keep much in registers.
constexpr size_t kMostReads = 12, kMostNodes = 24;

class StepMaker {
 public:
  StepMaker(const Graph& graph, const Device& device, const Settings& settings)
      : graph_(graph), device_(device), settings_(settings), maker_(graph.values.size(), kNone) {}

  Result<StepList> Make() {
    for (const auto& uses : FindUses(graph_)) {
      std::set<NodeId> readers;
      for (const Use& use : uses) readers.insert(use.node);
      readers_.push_back(static_cast<int>(readers.size()));
    }
    for (ValueId output : graph_.outputs) readers_[static_cast<size_t>(output)] += 1;
    for (size_t id = 0; id < graph_.nodes.size(); ++id) SL_TRY(Add(static_cast<NodeId>(id)));
    StepList list;
    list.element_bytes = settings_.half_values ? 2 : 4;
    for (auto& step : open_) {
      if (step != nullptr) list.steps.push_back(std::move(*step));
    }
    ChooseLying(&list);
    for (Step& step : list.steps) {
      SL_TRY(Write(&step, list).With(NodeLabel(graph_, graph_.nodes[step.nodes[0]])));
    }
    return list;
  }

 private:
  const Value& value(ValueId id) const { return graph_.values[static_cast<size_t>(id)]; }
  bool IsOperand(ValueId id) const { return id != kNone && !value(id).is_constant(); }

  Status Add(NodeId id) {
    const Node& node = graph_.nodes[static_cast<size_t>(id)];
    const NodeRule* rule = FindRule(*node.op);
    if (rule->expression != nullptr) {
      Join(id);
      return {};
    }
    const NodeView view{OpContext(graph_, node), settings_.half_values};
    for (size_t i = 0; i < node.outputs.size(); ++i) {
      auto step = std::make_unique<Step>();
      Result<Head> head = rule->head(view, static_cast<int>(i));
      if (!head.ok()) return head.status().With(NodeLabel(graph_, node));
      step->nodes = {id};
      step->head = std::move(*head);
      step->head_value = step->output = node.outputs[i];
      Open(std::move(step));
    }
    return {};
  }

  void Open(std::unique_ptr<Step> step) {
    maker_[static_cast<size_t>(step->output)] = static_cast<int>(open_.size());
    open_.push_back(std::move(step));
  }

  // The step that makes `input` and may be taken into the one of an elementwise node with output `output`: nobody else
  // reads it, and its elements are those of the output.
  Step* Joinable(ValueId input, ValueId output) const {
    if (!IsOperand(input) || maker_[static_cast<size_t>(input)] == kNone) return nullptr;
    if (readers_[static_cast<size_t>(input)] != 1 || value(input).shape != value(output).shape) return nullptr;
    return open_[static_cast<size_t>(maker_[static_cast<size_t>(input)])].get();
  }

  // A step that runs later instead: what it reads is still there, and what it made nobody else reads.
  void Join(NodeId id) {
    const Node& node = graph_.nodes[static_cast<size_t>(id)];
    auto step = std::make_unique<Step>();
    step->output = node.outputs[0];
    size_t reads = node.inputs.size();
    for (ValueId input : node.inputs) {
      Step* from = Joinable(input, step->output);
      if (from == nullptr || (from->head_value != kNone && step->head_value != kNone)) continue;
      reads += ReadsOf(*from);
      if (reads > kMostReads || step->nodes.size() + from->nodes.size() >= kMostNodes) break;
      if (from->head_value != kNone) {
        step->head = std::move(from->head);
        step->head_value = from->head_value;
      }
      step->nodes.insert(step->nodes.end(), from->nodes.begin(), from->nodes.end());
      open_[static_cast<size_t>(maker_[static_cast<size_t>(input)])] = nullptr;
      maker_[static_cast<size_t>(input)] = kNone;
    }
    std::sort(step->nodes.begin(), step->nodes.end());
    step->nodes.push_back(id);
    Open(std::move(step));
  }

  size_t ReadsOf(const Step& step) const {
    size_t reads = step.head.inputs.size();
    for (NodeId id : step.nodes) reads += graph_.nodes[static_cast<size_t>(id)].inputs.size();
    return reads;
  }

  // Values of the ports lie as the host has them, which in whole slices of floats is the same. Images where the device
  // allows their size.
  void ChooseLying(StepList* list) const {
    list->lying.assign(graph_.values.size(), Lying::kSlices);
    list->on_device.assign(graph_.values.size(), false);
    for (ValueId input : graph_.inputs) list->on_device[static_cast<size_t>(input)] = true;
    for (const Step& step : list->steps) list->on_device[static_cast<size_t>(step.output)] = true;
    for (size_t id = 0; id < graph_.values.size() && settings_.images; ++id) {
      const Layout layout = LayoutOf(graph_.values[id].shape);
      if (!list->on_device[id] || layout.columns * layout.slices() > device_.image_width ||
          layout.n * layout.rows > device_.image_height) {
        continue;
      }
      list->lying[id] = Lying::kImage;
    }
    for (const auto* ports : {&graph_.inputs, &graph_.outputs}) {
      for (ValueId id : *ports) {
        const bool same = LayoutOf(value(id).shape).channels % 4 == 0 && !settings_.half_values;
        list->lying[static_cast<size_t>(id)] = same ? Lying::kSlices : Lying::kPacked;
      }
    }
  }

  // Which number among the kernel's inputs `id` has.
  static size_t PortOf(ValueId id, Step* step) {
    const auto at = std::find(step->reads.begin(), step->reads.end(), id);
    if (at == step->reads.end()) step->reads.push_back(id);
    return static_cast<size_t>(std::find(step->reads.begin(), step->reads.end(), id) - step->reads.begin());
  }

  // What reads an operand of the output's elements, which may be one for all indices of an axis.
  std::string LoadOf(ValueId id, const Layout& out, Step* step) const {
    const Layout in = LayoutOf(value(id).shape);
    if (value(id).is_constant() && value(id).shape.elements() == 1) {
      return Cat("(float4)(", Literal(*reinterpret_cast<const float*>(value(id).constant)), ")");
    }
    const auto index = [](const char* name, int64_t in_size, int64_t out_size) {
      return in_size == 1 && out_size > 1 ? "0" : name;
    };
    const bool spread = in.channels == 1 && out.channels > 1;
    return Cat("LOAD_in", PortOf(id, step), "(", index("n", in.n, out.n), ", ", index("y", in.rows, out.rows), ", ",
               index("x", in.columns, out.columns), ", ", spread ? "0).xxxx" : "s)");
  }

  // The statements of the nodes that work element by element.
  std::string WriteChain(Step* step, std::string* last) const {
    const Layout out = LayoutOf(value(step->output).shape);
    std::map<ValueId, std::string> names;
    std::string text;
    const auto name = [&](ValueId id) {
      std::string& known = names[id];
      if (known.empty()) {
        known = Cat("v", names.size());
        text += Cat("    const float4 ", known, " = ", LoadOf(id, out, step), ";\n");
      }
      return known;
    };
    if (step->head_value != kNone) names[step->head_value] = "v0";
    if (step->head.limited) {
      text += Cat("    v0 = limit(v0, ", Literal(step->head.limits.low), ", ", Literal(step->head.limits.high), ");\n");
    }
    for (NodeId id : step->nodes) {
      const Node& node = graph_.nodes[static_cast<size_t>(id)];
      const NodeRule* rule = FindRule(*node.op);
      if (rule->expression == nullptr) continue;
      const std::string a = name(node.inputs[0]), b = node.inputs.size() > 1 ? name(node.inputs[1]) : "";
      std::string expression = rule->expression({OpContext(graph_, node), settings_.half_values});
      for (const auto& [mark, operand] : {std::pair{"$A", a}, {"$B", b}}) {
        for (size_t at = 0; (at = expression.find(mark, at)) != std::string::npos; at += operand.size()) {
          expression.replace(at, 2, operand);
        }
      }
      const std::string made = Cat("v", names.size() + 1);
      names[node.outputs[0]] = made;
      text += Cat("    const float4 ", made, " = ", expression, ";\n");
    }
    *last = names[step->output];
    return text;
  }

  Status Write(Step* step, const StepList& list) const {
    KernelParts parts;
    parts.head = step->head_value == kNone ? "nothing" : step->head.kernel;
    parts.tokens = step->head.tokens;
    parts.pixels = step->head.pixels;
    parts.numbers = static_cast<int>(step->head.numbers.size());
    step->reads = step->head.inputs;
    parts.chain = WriteChain(step, &parts.last);
    for (ValueId id : step->reads) {
      parts.inputs.push_back(value(id).is_constant() ? Lying::kSlices : list.lying[static_cast<size_t>(id)]);
    }
    for (const Constant& constant : step->head.constants) parts.constants.push_back(constant.declaration);
    parts.output = list.lying[static_cast<size_t>(step->output)];
    SL_ASSIGN(step->kernel, WriteKernel(parts, settings_.half_values));
    return {};
  }

  const Graph& graph_;
  const Device& device_;
  const Settings& settings_;
  std::vector<int> readers_;                 // by ValueId: nodes, and the outside
  std::vector<int> maker_;                   // by ValueId: its step in open_, or kNone
  std::vector<std::unique_ptr<Step>> open_;  // null: taken into a later one
};

}  // namespace

Result<StepList> MakeSteps(const Graph& graph, const Device& device, const Settings& settings) {
  return StepMaker(graph, device, settings).Make();
}

Result<std::string> WriteProgram(const StepList& list, const Settings& settings, std::vector<std::string>* names) {
  SL_ASSIGN(std::string source, WritePreamble(settings.half_values, settings.half_sums));
  std::map<std::string, std::string> known;
  for (const Step& step : list.steps) {
    std::string& name = known[step.kernel];
    if (name.empty()) {
      name = Cat("kernel", known.size());
      std::string text = step.kernel;
      const std::string mark = "$NAME";
      text.replace(text.find(mark), mark.size(), name);
      source += text;
    }
    names->push_back(name);
  }
  return source;
}

}  // namespace safelight::opencl
