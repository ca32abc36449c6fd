// SPDX-License-Identifier: Apache-2.0
//
// safelight inspect: a network as a table: ops, shapes, MACs, weights, the rows rule, rings, memory.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "cli/check.h"
#include "cli/command.h"
#include "cli/delegate_flags.h"
#include "cli/model_size.h"
#include "cli/progress.h"
#include "cli/run_files.h"
#include "safelight/session.h"
#include "safelight/values.h"

namespace safelight {
namespace {

struct Options {
  std::string model, size;
  std::vector<std::string> stats;
  bool json = false, dot = false, plan = false, placement = false;
  DelegateFlags delegates;
  int threads = 1;
  std::string arithmetic, precision = "float32";
  int64_t strip_rows = 0;
};

std::string Shapes(const std::vector<Shape>& shapes) {
  std::string text;
  for (const Shape& shape : shapes) text += (text.empty() ? "" : " ") + shape.ToString();
  return text;
}

std::string Ring(const NodeReport& node) {
  std::string text;
  for (const ValueReport& value : node.outputs) {
    if (!text.empty()) text += ' ';
    text += value.whole ? "whole" : std::to_string(value.ring_rows) + " rows";
    if (!value.part_of.empty()) text += " (part)";
  }
  return text;
}

int64_t Bytes(const NodeReport& node) {
  int64_t bytes = 0;
  for (const ValueReport& value : node.outputs) bytes += value.size_bytes;
  return bytes;
}

void PrintPorts(const char* side, const std::vector<Port>& ports) {
  for (const Port& port : ports) {
    std::printf("%-7s %-28s %-8s %s", side, port.name.c_str(), DTypeName(port.dtype), port.shape.ToString().c_str());
    if (port.signature.rank() > 0) std::printf("  (signature %s)", port.signature.ToString().c_str());
    if (!port.quant.empty()) {
      std::printf("  scale %g zero %lld", static_cast<double>(port.quant.scales[0]),
                  static_cast<long long>(port.quant.zero_points[0]));
    }
    std::printf("\n");
  }
}

void PrintField(const char* what, const FieldReport& field) {
  if (field.local) {
    std::printf("receptive field, %s: %lld before, %lld after; %lld of the input make %lld of the output\n", what,
                static_cast<long long>(field.before), static_cast<long long>(field.after),
                static_cast<long long>(field.in_period), static_cast<long long>(field.out_period));
  } else {
    std::printf("receptive field, %s: %s\n", what, field.why_not.c_str());
  }
}

// The number in the file, "-" for nodes that passes made.
std::string NodeNumber(const NodeReport& node) {
  return node.info.file_nodes.empty() ? "-" : std::to_string(node.info.file_nodes[0]);
}

void PrintNodes(const PlanReport& plan) {
  std::printf("\n%4s %5s %-22s %-8s %-20s %-20s %10s %9s %-18s %-9s %s\n", "node", "phase", "op", "type", "in", "out",
              "MACs", "weights", "rows needed", "kept", "bytes");
  for (const NodeReport& node : plan.nodes) {
    const std::string in = node.info.input_shapes.empty() ? "" : node.info.input_shapes[0].ToString();
    std::printf("%4s %5d %-22s %-8s %-20s %-20s %10lld %9lld %-18s %-9s %lld\n", NodeNumber(node).c_str(), node.phase,
                node.info.op.c_str(), DTypeName(node.info.dtype), in.c_str(), Shapes(node.info.output_shapes).c_str(),
                static_cast<long long>(node.info.macs), static_cast<long long>(node.info.weight_bytes),
                node.rows.c_str(), Ring(node).c_str(), static_cast<long long>(Bytes(node)));
  }
}

// Every value with its ring, in the order in which its node runs.
void PrintRings(const PlanReport& plan) {
  std::printf("\n%5s %4s %-22s %-18s %-22s %10s  %s\n", "phase", "node", "op", "rows needed", "kept", "bytes", "value");
  for (const NodeReport& node : plan.nodes) {
    for (const ValueReport& value : node.outputs) {
      std::string kept = Cat("ring of ", value.ring_rows, " rows");
      if (value.ring_columns > 0) kept += Cat(" x ", value.ring_columns);
      if (value.whole) kept = "whole";
      if (!value.part_of.empty()) kept = "in '" + value.part_of + "'";
      std::printf("%5d %4s %-22s %-18s %-22s %10lld  %s %s\n", node.phase, NodeNumber(node).c_str(),
                  node.info.op.c_str(), node.rows.c_str(), kept.c_str(), static_cast<long long>(value.size_bytes),
                  value.name.c_str(), value.shape.ToString().c_str());
    }
  }
}

void PrintSummary(const PlanReport& plan, int64_t memory_bytes) {
  std::printf("\nphases %d, threads %d in teams of %d, blocks of columns %lld, strips of %lld rows, halo %.1f %%\n",
              plan.phases, plan.threads, plan.team, static_cast<long long>(plan.blocks),
              static_cast<long long>(plan.strip_rows), 100 * plan.halo_share);
  std::printf("predicted time of a run %.1f ms, an estimate\n", 1000 * plan.predicted_seconds);
  std::printf("MACs %lld, rings %s, whole values %s, packed weights %s\n", static_cast<long long>(plan.macs),
              FormatBytes(plan.ring_bytes).c_str(), FormatBytes(plan.whole_bytes).c_str(),
              FormatBytes(plan.packed_weight_bytes).c_str());
  for (const std::string& note : plan.notes) std::printf("note: %s\n", note.c_str());
  std::printf("memory of a run, without input, output and weights: %s\n", FormatBytes(memory_bytes).c_str());
}

std::vector<int64_t> ToJson(const Shape& shape) { return {shape.dims().begin(), shape.dims().end()}; }

nlohmann::json ToJson(const std::vector<Port>& ports) {
  nlohmann::json list = nlohmann::json::array();
  for (const Port& port : ports) {
    list.push_back({{"name", port.name}, {"dtype", DTypeName(port.dtype)}, {"shape", ToJson(port.shape)}});
  }
  return list;
}

nlohmann::json ToJson(const FieldReport& field) {
  if (!field.local) return {{"why_not", field.why_not}};
  return {{"before", field.before},
          {"after", field.after},
          {"in_period", field.in_period},
          {"out_period", field.out_period}};
}

nlohmann::json ToJson(const NodeReport& node) {
  nlohmann::json outputs = nlohmann::json::array(), inputs = nlohmann::json::array();
  for (const Shape& shape : node.info.input_shapes) inputs.push_back(ToJson(shape));
  for (const ValueReport& value : node.outputs) {
    outputs.push_back({{"name", value.name},
                       {"shape", ToJson(value.shape)},
                       {"whole", value.whole},
                       {"ring_rows", value.ring_rows},
                       {"part_of", value.part_of},
                       {"ring_columns", value.ring_columns},
                       {"size_bytes", value.size_bytes}});
  }
  return {{"op", node.info.op},
          {"file_nodes", node.info.file_nodes},
          {"phase", node.phase},
          {"by_rows", node.by_rows},
          {"rows", node.rows},
          {"macs", node.info.macs},
          {"dtype", DTypeName(node.info.dtype)},
          {"weight_bytes", node.info.weight_bytes},
          {"inputs", node.info.inputs},
          {"input_shapes", inputs},
          {"outputs", outputs}};
}

nlohmann::json ToJson(const std::vector<NodePlacement>& nodes) {
  nlohmann::json list = nlohmann::json::array();
  for (const NodePlacement& node : nodes) {
    nlohmann::json why_not = nlohmann::json::object();
    for (const auto& [delegate, reason] : node.why_not) why_not[delegate] = reason;
    list.push_back({{"file_nodes", node.file_nodes},
                    {"op", node.op},
                    {"name", node.name},
                    {"delegate", node.delegate},
                    {"part", node.part},
                    {"why_not", why_not}});
  }
  return list;
}

nlohmann::json ToJson(const Model& model, const Session& session, const PlanReport& plan) {
  nlohmann::json nodes = nlohmann::json::array();
  for (const NodeReport& node : plan.nodes) nodes.push_back(ToJson(node));
  return {{"model", model.path()},
          {"inputs", ToJson(session.inputs())},
          {"outputs", ToJson(session.outputs())},
          {"nodes", nodes},
          {"phases", plan.phases},
          {"threads", plan.threads},
          {"team", plan.team},
          {"blocks", plan.blocks},
          {"strip_rows", plan.strip_rows},
          {"predicted_seconds", plan.predicted_seconds},
          {"ring_bytes", plan.ring_bytes},
          {"whole_bytes", plan.whole_bytes},
          {"memory_bytes", session.memory_bytes()},
          {"packed_weight_bytes", plan.packed_weight_bytes},
          {"macs", plan.macs},
          {"halo_share", plan.halo_share},
          {"receptive_field", {{"rows", ToJson(plan.field_rows)}, {"columns", ToJson(plan.field_columns)}}},
          {"placement", ToJson(session.placement())},
          {"notes", plan.notes}};
}

void PrintDot(const PlanReport& plan) {
  std::printf("digraph network {\n  node [shape=box];\n");
  for (size_t i = 0; i < plan.nodes.size(); ++i) {
    const NodeReport& node = plan.nodes[i];
    std::printf("  n%zu [label=\"%s\\n%s\"];\n", i, node.info.op.c_str(), Shapes(node.info.output_shapes).c_str());
    for (int input : node.info.inputs) {
      if (input >= 0) std::printf("  n%d -> n%zu;\n", input, i);
      if (input == -1) std::printf("  input -> n%zu;\n", i);
    }
  }
  std::printf("}\n");
}

// The nodes of a file that cannot be planned yet (integer arithmetic) are still shown.
void PrintFile(const Model& model) {
  std::printf("\n%4s %-22s %-8s %-24s %10s %9s\n", "node", "op", "type", "out", "MACs", "weights");
  for (const NodeInfo& node : model.nodes()) {
    std::printf("%4d %-22s %-8s %-24s %10lld %9lld\n", node.file_nodes.empty() ? -1 : node.file_nodes[0],
                node.op.c_str(), DTypeName(node.dtype), Shapes(node.output_shapes).c_str(),
                static_cast<long long>(node.macs), static_cast<long long>(node.weight_bytes));
  }
}

// The values on pictures: ranges, scales, how many lie on the ends of their type.
Status PrintStats(const Model& model, const Options& options) {
  SL_ASSIGN(const std::vector<std::string> pictures, ExpandInputs(options.stats));
  PictureOptions picture;
  picture.session.threads = options.threads;
  Progress progress(pictures.size());
  Result<std::vector<ValueSeen>> seen = SeeValues(model, pictures, picture, [&](size_t done) {
    progress.Show(done, 0);
    return true;
  });
  progress.Clear();
  if (!seen.ok()) return seen.status();
  std::printf("%4s %-22s %-32s %-8s %11s %11s %11s %6s %9s %9s\n", "node", "op", "value", "type", "from", "to", "scale",
              "zero", "lowest", "highest");
  for (const ValueSeen& value : *seen) {
    std::printf("%4d %-22s %-32.32s %-8s %11.5g %11.5g", value.node, value.op.empty() ? "input" : value.op.c_str(),
                value.name.c_str(), DTypeName(value.dtype), value.low, value.high);
    if (!value.quant.empty() && value.elements > 0) {
      const auto all = static_cast<double>(value.elements);
      std::printf(" %11.5g %6lld %8.3f%% %8.3f%%", static_cast<double>(value.quant.scales[0]),
                  static_cast<long long>(value.quant.zero_points[0]), 100 * static_cast<double>(value.at_lowest) / all,
                  100 * static_cast<double>(value.at_highest) / all);
    }
    std::printf("\n");
  }
  return {};
}

Status Run(const Options& options) {
  SL_ASSIGN(const Model model, OpenModel(options.model));
  if (!options.stats.empty()) return PrintStats(model, options);
  SL_ASSIGN(std::vector<Shape> shapes, ShapesFor(model, options.size));
  if (!options.json && !options.dot) {
    std::printf("%s\n", model.path().c_str());
    if (!model.description().empty()) std::printf("%s\n", model.description().c_str());
    PrintPorts("input", model.inputs());
    PrintPorts("output", model.outputs());
  }
  SessionOptions session_options;
  session_options.input_shapes = std::move(shapes);
  session_options.threads = options.threads;
  SL_ASSIGN(session_options.arithmetic, ParseArithmetic(options.arithmetic));
  SL_ASSIGN(session_options.precision, ParsePrecision(options.precision));
  session_options.strip_rows = options.strip_rows;
  SL_TRY(options.delegates.Apply(&session_options));
  Result<Session> session = Session::Create(model, session_options);
  if (!session.ok()) {
    if (!options.json && !options.dot) PrintFile(model);
    return session.status();
  }
  const PlanReport plan = session->plan();
  if (options.json) {
    // Names are the file's, and need not be UTF-8.
    const nlohmann::json json = ToJson(model, *session, plan);
    std::printf("%s\n", json.dump(1, ' ', false, nlohmann::json::error_handler_t::replace).c_str());
  } else if (options.dot) {
    PrintDot(plan);
  } else {
    if (options.placement) {
      PrintPlacement(session->placement());
    } else if (options.plan) {
      PrintRings(plan);
    } else {
      PrintNodes(plan);
    }
    PrintSummary(plan, session->memory_bytes());
    if (options.plan || options.placement) return {};
    PrintField("rows", plan.field_rows);
    PrintField("columns", plan.field_columns);
  }
  return {};
}

std::function<Status()> Configure(CLI::App& app) {
  auto options = std::make_shared<Options>();
  app.add_option("model", options->model, "a .tflite file or a built-in model")->required();
  app.add_option("--size", options->size, "picture size, WIDTHxHEIGHT (default: the file's own)")
      ->check(Takes("WIDTHxHEIGHT", ParseSize));
  app.add_option("--threads", options->threads, "threads to plan for")->check(CLI::Range(1, 1024));
  app.add_option("--arithmetic", options->arithmetic,
                 "exact: every product as the file has it; fast: Winograd, float weights (default: fast for floats)");
  app.add_option("--precision", options->precision, "how values between nodes are stored: float32 or float16")
      ->check(Takes("float32|float16", ParsePrecision));
  app.add_option("--strip", options->strip_rows, "output rows at a time")->check(CLI::Range(0, 1 << 20));
  app.add_flag("--plan", options->plan, "how each value is kept: rings, rows, bytes");
  app.add_flag("--placement", options->placement, "where each node runs, and why not elsewhere");
  options->delegates.AddTo(app);
  app.add_flag("--json", options->json, "print JSON");
  app.add_option("--stats", options->stats,
                 "ranges of all values on these pictures, and how many integers lie on the ends");
  app.add_flag("--dot", options->dot, "print a graph for Graphviz");
  return [options] { return Run(*options); };
}

}  // namespace

extern const Command inspect_command;
const Command inspect_command{"inspect", "show a network: ops, shapes, rows, rings, memory", Configure};

}  // namespace safelight
